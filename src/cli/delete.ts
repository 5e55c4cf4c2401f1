import type { ApiClient } from './client.ts'
import { plain } from './table.ts'
import { printLine, type Terminal, warnLine } from './terminal.ts'

export interface DeleteOptions {
  readonly purgeState: boolean
  readonly dryRun: boolean
}

/** `galaxy delete game`: asks for it; the controller stops and removes, and `galaxy wait --for=delete` waits for that. */
export async function deleteGames(terminal: Terminal, client: ApiClient, names: readonly string[], options: DeleteOptions): Promise<void> {
  for (const name of names) {
    const { purgeState, dryRun } = options
    const { warnings } = await client.call('DELETE /games/{id}', { path: { id: name }, query: { purgeState, dryRun } })
    const state = options.purgeState ? 'with its state' : 'its state is kept'
    printLine(terminal, `game/${name} ${options.dryRun ? `would be deleted, ${state} (dry run)` : `is being deleted, ${state}`}`)
    for (const warning of warnings) warnLine(terminal, `warning: ${plain(warning)}`)
  }
}
