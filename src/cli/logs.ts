import { once } from 'node:events'
import type { ApiClient } from './client.ts'
import { CliError } from './exit.ts'
import { ReadableText } from './readable-text.ts'
import type { Terminal } from './terminal.ts'

export interface LogsOptions {
  readonly follow: boolean
  /** A number, or `all`. */
  readonly tail: string | null
  /** `10m`, or an instant. */
  readonly since: string | null
  readonly timestamps: boolean
}

/** `galaxy logs GAME`: as it was written into a file or a pipe, and readable on a terminal, which an engine is not to command. */
export async function logs(terminal: Terminal, client: ApiClient, game: string, options: LogsOptions): Promise<void> {
  const { tail, since, ...flags } = options
  const query = { ...flags, tail: tail ?? undefined, since: since ?? undefined }
  const answer = await client.open('GET /games/{id}/logs', { path: { id: game }, query })
  const text = terminal.isStdoutTty ? new ReadableText() : null
  try {
    for await (const chunk of answer) await write(terminal, text === null ? chunk : text.push(chunk))
  } catch (error) {
    throw new CliError(`the log of game ${game} broke off`, undefined, { cause: error })
  } finally {
    await write(terminal, text?.end() ?? '')
  }
}

/** A reader that is slow holds the log back. */
async function write({ stdout }: Terminal, text: string | Uint8Array): Promise<void> {
  if (text.length > 0 && !stdout.write(text)) await once(stdout, 'drain')
}
