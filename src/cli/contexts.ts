import { chmod, mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import path from 'node:path'
import { CliError, EXIT } from './exit.ts'

/** A controller's API, and as whom it is asked: the token itself, or the file that holds it. */
export type Context = { readonly url: string } & ({ readonly token: string } | { readonly tokenFile: string })

/** Contents of the file of contexts. */
export interface Contexts {
  /** The one that verbs use which name none; `LOCAL` until `galaxy context use` said otherwise. */
  readonly current: string
  readonly known: ReadonlyMap<string, Context>
}

/** What was started from the folder one is in: always there, and never in the file. */
export const LOCAL = 'local'

/** As a game's id: it is typed, and completed. */
export const CONTEXT_NAME = /^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$/

/** Where contexts are kept, by the XDG base directory specification. */
export function contextsFile(env: NodeJS.ProcessEnv): string {
  const given = env['XDG_CONFIG_HOME'] ?? ''
  const base = path.isAbsolute(given) ? given : path.join(env['HOME'] ?? homedir(), '.config')
  return path.join(base, 'galaxy', 'contexts.json')
}

/** @throws CliError for a file that can't be read or understood; an absent one holds none */
export async function readContexts(env: NodeJS.ProcessEnv): Promise<Contexts> {
  const file = contextsFile(env)
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return null
    throw new CliError(`${file} can't be read: ${error.message}`, EXIT.usage, { cause: error })
  })
  if (text === null) return { current: LOCAL, known: new Map() }
  const contexts = parseContexts(text)
  if (contexts !== null) return contexts
  throw new CliError(`${file} holds no contexts; mend it, or take it away and make them anew with \`galaxy context add\``, EXIT.usage)
}

/** Written beside and renamed, mode 0600: it may hold tokens. */
export async function writeContexts(env: NodeJS.ProcessEnv, { current, known }: Contexts): Promise<void> {
  const file = contextsFile(env)
  await mkdir(path.dirname(file), { recursive: true, mode: 0o700 })
  const temporary = `${file}.${process.pid}`
  await writeFile(temporary, `${JSON.stringify({ current, contexts: Object.fromEntries(known) }, null, 2)}\n`, { mode: 0o600 })
  await chmod(temporary, 0o600)
  await rename(temporary, file)
}

/** Whether others of this machine may read what the file holds. */
export async function isReadableByOthers(env: NodeJS.ProcessEnv): Promise<boolean> {
  const found = await stat(contextsFile(env)).catch(() => null)
  return found !== null && (found.mode & 0o077) !== 0
}

/** @throws CliError naming the contexts that there are */
export function contextOf({ known }: Contexts, name: string): Context {
  const context = known.get(name)
  if (context !== undefined) return context
  throw new CliError(`there is no context ${name}; known are ${[LOCAL, ...known.keys()].join(', ')} (galaxy context list)`, EXIT.usage)
}

/** @throws CliError where its file can't be read */
export async function tokenOf(name: string, context: Context): Promise<string> {
  if ('token' in context) return context.token
  const { tokenFile } = context
  const text = await readFile(tokenFile, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new CliError(`the token of context ${name} can't be read: ${error.message}`, EXIT.usage, { cause: error })
  })
  return checkedToken(text, tokenFile)
}

/** @throws CliError for what can't stand in an HTTP header */
export function checkedToken(text: string, from: string): string {
  const token = text.trim()
  if (/^[\x21-\x7e]+$/.test(token)) return token
  throw new CliError(`${from} holds no token such as \`galaxy token create\` prints`, EXIT.usage)
}

function parseContexts(text: string): Contexts | null {
  try {
    const { current = LOCAL, contexts = {} } = Object(JSON.parse(text)) as { current?: unknown; contexts?: unknown } // judged below
    if (typeof current !== 'string' || typeof contexts !== 'object' || contexts === null) return null
    const entries = Object.entries(contexts).map(([name, value]): [string, Context | null] => [name, parseContext(value)])
    const known = entries.flatMap(([name, context]): [string, Context][] => (context === null ? [] : [[name, context]]))
    return known.length === entries.length ? { current, known: new Map(known) } : null
  } catch {
    return null
  }
}

function parseContext(value: unknown): Context | null {
  if (typeof value !== 'object' || value === null || !('url' in value) || typeof value.url !== 'string') return null
  const { url } = value
  if ('token' in value && typeof value.token === 'string') return { url, token: value.token }
  return 'tokenFile' in value && typeof value.tokenFile === 'string' ? { url, tokenFile: value.tokenFile } : null
}
