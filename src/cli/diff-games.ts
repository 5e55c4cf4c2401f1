import type { GameDiff } from './api-types.ts'
import { changeLines } from './apply.ts'
import type { ApiClient } from './client.ts'
import { plain } from './table.ts'
import { printLine, type Terminal } from './terminal.ts'

/** `galaxy diff GAME...`: what is otherwise than asked for, why, and what the controller would do. @returns whether anything differs */
export async function diffGames(terminal: Terminal, client: ApiClient, names: readonly string[]): Promise<boolean> {
  const answers = await Promise.all(names.map((name) => client.call('GET /games/{id}/diff', { path: { id: name } })))
  for (const answer of answers) for (const line of linesOf(answer)) printLine(terminal, line)
  return answers.some(({ differs }) => differs)
}

function linesOf({ game, differs, differences, notes, plan, reason }: GameDiff): readonly string[] {
  const head = differs ? `game/${game} differs` : `game/${game} is as asked for: ${plain(reason)}`
  const found = differences.flatMap(({ field, wanted, found, why }) => [
    ...changeLines({ path: field, before: found, after: wanted }),
    `    ${plain(why)}`,
  ])
  return [
    head,
    ...found,
    ...notes.map((note) => `  note: ${plain(note)}`),
    ...(differs ? plan.text.split('\n').map((line) => `  ${plain(line)}`) : []),
  ]
}
