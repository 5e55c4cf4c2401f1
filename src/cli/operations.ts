import { ageOf } from './age.ts'
import type { Operation } from './api-types.ts'
import type { ApiClient } from './client.ts'
import { type Listing, paint } from './output.ts'
import type { Column } from './table.ts'

/** `galaxy get operations [GAME...]`: newest first. */
export async function listOperations(
  client: ApiClient,
  games: readonly string[],
  limit: number,
  nowMs: number,
): Promise<Listing<Operation>> {
  const query = { limit }
  const pages =
    games.length === 0
      ? [await client.call('GET /operations', { query })]
      : await Promise.all(games.map((id) => client.call('GET /games/{id}/operations', { path: { id }, query })))
  const rows = pages.flatMap(({ items }) => items)
  return {
    answer: { kind: 'OperationList', items: rows },
    rows,
    columns: operationColumns(nowMs),
    name: ({ id }) => `operation/${id}`,
    empty: 'no operations found',
  }
}

export function operationColumns(nowMs: number): readonly Column<Operation>[] {
  return [
    { title: 'ID', value: ({ id }) => id },
    { title: 'GAME', value: ({ game }) => game },
    { title: 'OPERATION', value: operationName },
    { title: 'SOURCE', value: ({ source }) => source },
    {
      title: 'STATUS',
      value: ({ status, errorCode }) => (errorCode === null ? status : `${status} (${errorCode})`),
      paint: (text, { status }) => (status === 'failed' ? paint.red(text) : text),
    },
    { title: 'AGE', value: ({ startedAt, queuedAt }) => ageOf(startedAt ?? queuedAt, nowMs) },
    { title: 'CAUSE', value: ({ cause }) => cause },
    { title: 'ERROR', isWide: true, value: ({ errorMessage }) => errorMessage },
  ]
}

export function operationName({ op, detail }: Pick<Operation, 'op' | 'detail'>): string {
  return detail === null ? op : `${op}/${detail}`
}
