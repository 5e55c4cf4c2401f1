import type { ApiClient } from './client.ts'
import { printLine, type Terminal } from './terminal.ts'

/** `galaxy prune`: shows what vanished from the watched folder and waits for a yes; `--confirm` says it. */
export async function prune(terminal: Terminal, client: ApiClient, isConfirmed: boolean): Promise<void> {
  const answer = await client.call('POST /manifests/prune', { query: { dryRun: !isConfirmed } })
  if (isConfirmed) {
    for (const name of answer.deleted) printLine(terminal, `${name} deleted`)
    if (answer.deleted.length === 0) printLine(terminal, 'nothing waits to be deleted')
    return
  }
  for (const { kind, name, path, waiting } of answer.waiting) printLine(terminal, `${kind} ${name} (was in ${path}): ${waiting}`)
  printLine(terminal, answer.waiting.length === 0 ? 'nothing waits to be deleted' : 'delete them with: galaxy prune --confirm')
}
