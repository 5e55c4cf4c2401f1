import { ageOf } from './age.ts'
import type { Turn } from './api-types.ts'
import type { ApiClient } from './client.ts'
import { type Listing, paint } from './output.ts'
import type { Column } from './table.ts'

/** `galaxy get turns [GAME...]`: the ledger, newest first. */
export async function listTurns(client: ApiClient, games: readonly string[], limit: number): Promise<Listing<Turn>> {
  const query = { limit }
  const pages =
    games.length === 0
      ? [await client.call('GET /turns', { query })]
      : await Promise.all(games.map((id) => client.call('GET /games/{id}/turns', { path: { id }, query })))
  const rows = pages.flatMap(({ items }) => items)
  return {
    answer: { kind: 'TurnList', items: rows },
    rows,
    columns: turnColumns(Date.now()),
    name: ({ id }) => `turn/${id}`,
    empty: 'no turns found',
  }
}

export function turnColumns(nowMs: number): readonly Column<Turn>[] {
  return [
    { title: 'GAME', value: ({ game }) => game },
    { title: 'TURN', value: ({ turn }) => (turn === null ? null : String(turn)) },
    { title: 'FOR', value: ({ scheduledAt }) => scheduledAt ?? 'a turn token' },
    {
      title: 'STATUS',
      value: ({ status, skipReason }) => (skipReason === null ? status : `${status} (${skipReason})`),
      paint: (text, { status }) => (status === 'failed' ? paint.red(text) : text),
    },
    { title: 'ATTEMPTS', value: ({ attempts }) => String(attempts) },
    { title: 'ENDED', value: ({ finishedAt }) => ageOf(finishedAt, nowMs) },
    { title: 'ERROR', value: ({ error }) => error },
    { title: 'OPERATION', isWide: true, value: ({ operation }) => operation },
    { title: 'INCARNATION', isWide: true, value: ({ incarnation }) => String(incarnation) },
  ]
}
