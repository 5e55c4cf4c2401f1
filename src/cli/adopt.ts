import { changeLines } from './apply.ts'
import type { ApiClient } from './client.ts'
import { oneByOne } from './one-by-one.ts'
import { plain } from './table.ts'
import { printLine, type Terminal, warnLine } from './terminal.ts'

/** `galaxy adopt GAME...`: containers that carry our labels, and that nobody asks for. */
export async function adoptGames(terminal: Terminal, client: ApiClient, games: readonly string[], dryRun: boolean): Promise<void> {
  await oneByOne(games, async (game) => {
    const answer = await client.call('POST /admin/orphans/{id}/adopt', { path: { id: game }, query: { dryRun } })
    if (answer.kind === 'Operation') return printLine(terminal, `game/${game} is being adopted (operation/${answer.id})`)
    printLine(terminal, `game/${game} would be adopted (dry run)`)
    for (const line of answer.changes.flatMap(changeLines)) printLine(terminal, line)
    for (const line of answer.plan?.text.split('\n') ?? []) printLine(terminal, `  ${plain(line)}`)
  })
}

/** `galaxy adopt --deployment ID`: whatever that deployment has left. */
export async function adoptDeployment(terminal: Terminal, client: ApiClient, deployment: string, dryRun: boolean): Promise<void> {
  const { items } = await client.call('POST /admin/deployments/{deployment}/adopt', { path: { deployment }, query: { dryRun } })
  for (const { game, container, why } of items)
    printLine(
      terminal,
      `game/${game} (${plain(container)}) ${dryRun ? 'would be' : 'is'} taken over: ${plain(why)}${dryRun ? ' (dry run)' : ''}`,
    )
  if (dryRun) warnLine(terminal, 'make sure that its controller does not run any more: two would work on the same containers')
}
