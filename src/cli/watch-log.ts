import type { Operation, Turn } from './api-types.ts'
import type { ApiClient } from './client.ts'
import { followLog } from './follow-log.ts'
import type { GetOptions } from './get.ts'
import { listOperations, operationColumns } from './operations.ts'
import { type Terminal, warnLine } from './terminal.ts'
import { listTurns, turnColumns } from './turns.ts'
import { watchRows } from './watch-rows.ts'

export type WatchLogOptions = Pick<GetOptions, 'output' | 'limit'> & { readonly signal?: AbortSignal }

/** `galaxy get operations -w`: the newest first on a terminal, as they come elsewhere. */
export async function watchOperations(
  terminal: Terminal,
  client: ApiClient,
  games: readonly string[],
  options: WatchLogOptions,
): Promise<void> {
  const { output, limit, signal } = options
  const changes = followLog<Operation>(client, {
    kinds: 'operations',
    games,
    gameOf: ({ game }) => game,
    list: async () => (await listOperations(client, games, limit, Date.now())).rows.toReversed(),
    onBreak: (reason) => warnLine(terminal, reason),
    ...(signal !== undefined && { signal }),
  })
  const view = {
    key: ({ id }: Operation) => id,
    name: ({ id }: Operation) => `operation/${id}`,
    columns: operationColumns,
    // Their ids grow with time.
    shown: (rows: readonly Operation[]) => rows.toSorted((a, b) => (a.id < b.id ? 1 : -1)).slice(0, limit),
    empty: 'no operations found',
  }
  await watchRows(terminal, changes, view, output)
}

/** `galaxy get turns -w`. */
export async function watchTurns(terminal: Terminal, client: ApiClient, games: readonly string[], options: WatchLogOptions): Promise<void> {
  const { output, limit, signal } = options
  const changes = followLog<Turn>(client, {
    kinds: 'turns',
    games,
    gameOf: ({ game }) => game,
    list: async () => (await listTurns(client, games, limit)).rows.toReversed(),
    onBreak: (reason) => warnLine(terminal, reason),
    ...(signal !== undefined && { signal }),
  })
  const view = {
    key: ({ id }: Turn) => id,
    name: ({ id }: Turn) => `turn/${id}`,
    columns: turnColumns,
    shown: (rows: readonly Turn[]) => rows.toSorted((a, b) => (a.id < b.id ? 1 : -1)).slice(0, limit),
    empty: 'no turns found',
  }
  await watchRows(terminal, changes, view, output)
}
