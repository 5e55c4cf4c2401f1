import type { Game } from './api-types.ts'
import type { ApiClient } from './client.ts'
import { followGames } from './follow-games.ts'
import { gameColumns, type GetOptions } from './get.ts'
import { type Terminal, warnLine } from './terminal.ts'
import { type WatchedRows, watchRows } from './watch-rows.ts'

export type WatchOptions = Pick<GetOptions, 'output' | 'selector' | 'fieldSelector'> & { readonly signal?: AbortSignal }

/** `galaxy get games -w`. */
export async function watchGames(terminal: Terminal, client: ApiClient, names: readonly string[], options: WatchOptions): Promise<void> {
  const { output, selector, fieldSelector = null, signal } = options
  const onBreak = (reason: string) => warnLine(terminal, reason)
  const changes = followGames(client, { names, selector, fieldSelector, onBreak, ...(signal !== undefined && { signal }) })
  await watchRows(terminal, changes, GAMES, output)
}

const GAMES: WatchedRows<Game> = {
  key: ({ metadata }) => metadata.name,
  name: ({ metadata }) => `game/${metadata.name}`,
  columns: gameColumns,
  shown: (games) => games.toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1)),
  empty: 'no games found',
}
