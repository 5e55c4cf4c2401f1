import type { ApiClient } from './client.ts'
import { CliError, EXIT } from './exit.ts'
import { allGames } from './get.ts'

/** Which games a verb is for: named, selected by labels, or all. */
export interface ChosenGames {
  readonly names: readonly string[]
  readonly selector: string | null
  readonly isAll?: boolean
}

/** @throws CliError where none is named nor selected, and where names and a selector contradict each other */
export async function chosenGames(client: ApiClient, { names, selector, isAll = false }: ChosenGames): Promise<readonly string[]> {
  if (names.length > 0 && (isAll || selector !== null)) throw new CliError('name games or select them, not both', EXIT.usage)
  if (names.length > 0) return names
  if (!isAll && selector === null) throw new CliError('name games, or select them with -l; galaxy get games lists them', EXIT.usage)
  const games = await allGames(client, selector)
  if (games.length === 0) throw new CliError('no games found; galaxy get games lists them')
  return games.map(({ metadata }) => metadata.name)
}
