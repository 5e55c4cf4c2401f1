import type { Operation, Turn } from './api-types.ts'
import type { ApiClient } from './client.ts'
import { type FollowedLog, followLog } from './follow-log.ts'
import type { GetOptions } from './get.ts'
import { listOperations, operationColumns } from './operations.ts'
import type { Column } from './table.ts'
import { type Terminal, warnLine } from './terminal.ts'
import { listTurns, turnColumns } from './turns.ts'
import { watchRows } from './watch-rows.ts'

export type WatchLogOptions = Pick<GetOptions, 'output' | 'limit'> & { readonly signal?: AbortSignal }

/** What differs between the kinds of rows that come one after the other. */
interface LogKind<Row> extends Pick<FollowedLog<Row>, 'kinds' | 'games'> {
  /** As `-o name` has it. */
  readonly singular: string
  readonly columns: (nowMs: number) => readonly Column<Row>[]
  /** The newest first. */
  readonly list: () => Promise<{ readonly rows: readonly Row[] }>
}

/** `galaxy get operations -w`. */
export async function watchOperations(
  terminal: Terminal,
  client: ApiClient,
  games: readonly string[],
  options: WatchLogOptions,
): Promise<void> {
  const list = () => listOperations(client, games, options.limit, Date.now())
  await watchLog<Operation>(
    terminal,
    client,
    { kinds: 'operations', singular: 'operation', games, columns: operationColumns, list },
    options,
  )
}

/** `galaxy get turns -w`. */
export async function watchTurns(terminal: Terminal, client: ApiClient, games: readonly string[], options: WatchLogOptions): Promise<void> {
  const list = () => listTurns(client, games, options.limit)
  await watchLog<Turn>(terminal, client, { kinds: 'turns', singular: 'turn', games, columns: turnColumns, list }, options)
}

/** The newest first on a terminal, as they come elsewhere. */
async function watchLog<Row extends { readonly id: string; readonly game: string }>(
  terminal: Terminal,
  client: ApiClient,
  { kinds, singular, games, columns, list }: LogKind<Row>,
  { output, limit, signal }: WatchLogOptions,
): Promise<void> {
  const changes = followLog<Row>(client, {
    kinds,
    games,
    list: async () => (await list()).rows.toReversed(),
    onBreak: (reason) => warnLine(terminal, reason),
    ...(signal !== undefined && { signal }),
  })
  const view = {
    key: ({ id }: Row) => id,
    name: ({ id }: Row) => `${singular}/${id}`,
    columns,
    // Their ids grow with time.
    shown: (rows: readonly Row[]) => rows.toSorted((a, b) => (a.id < b.id ? 1 : -1)).slice(0, limit),
    empty: `no ${kinds} found`,
  }
  await watchRows(terminal, changes, view, output)
}
