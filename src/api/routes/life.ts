import type { Kysely } from 'kysely'
import { z } from 'zod'
import type { Database } from '../../database/tables.ts'
import { type HealthEventRow, listHealthEvents } from '../../record/queries.ts'
import { listSnapshots, toSnapshot } from '../reads/snapshots.ts'
import { listTurns, type TurnPage, toTurn } from '../reads/turns.ts'
import { continueToken, gameParams, limit, rowContinue, toContinueToken } from '../requests.ts'
import type { ApiServer } from '../server.ts'

export type HealthEventAnswer = ReturnType<typeof toHealthEvent>

/** A snapshot of a game with very many players takes hundreds of kilobytes. */
const MAX_SNAPSHOTS = 100

const turnQuery = z.strictObject({
  limit,
  continue: continueToken.pipe(z.uuid('is no continue token of this list')).optional(),
})
const eventQuery = z.strictObject({ limit, continue: rowContinue.optional() })
const snapshotQuery = eventQuery.extend({ limit: limit.transform((asked) => Math.min(asked, MAX_SNAPSHOTS)) })

/** What is recorded of a game's life. All of it outlives the game, so that an unknown one has merely none. */
export function lifeRoutes(app: ApiServer, db: Kysely<Database>): void {
  app.get('/turns', { config: { needs: 'viewer' }, schema: { querystring: turnQuery } }, ({ query }) =>
    turns(db, { gameId: null, limit: query.limit, before: query.continue ?? null }),
  )
  app.get(
    '/games/:id/turns',
    { config: { needs: 'viewer' }, schema: { params: gameParams, querystring: turnQuery } },
    ({ params, query }) => turns(db, { gameId: params.id, limit: query.limit, before: query.continue ?? null }),
  )
  app.get(
    '/games/:id/snapshots',
    { config: { needs: 'viewer' }, schema: { params: gameParams, querystring: snapshotQuery } },
    async ({ params, query }) => {
      const { rows, next } = await listSnapshots(db, { gameId: params.id, limit: query.limit, before: query.continue ?? null })
      return { kind: 'SnapshotList', metadata: metadata(next), items: rows.map(toSnapshot) }
    },
  )
  app.get(
    '/games/:id/events',
    { config: { needs: 'viewer' }, schema: { params: gameParams, querystring: eventQuery } },
    async ({ params, query }) => {
      const { rows, next } = await listHealthEvents(db, { gameId: params.id, limit: query.limit, before: query.continue ?? null })
      return { kind: 'HealthEventList', metadata: metadata(next), items: rows.map(toHealthEvent) }
    },
  )
}

async function turns(db: Kysely<Database>, asked: TurnPage) {
  const { rows, next } = await listTurns(db, asked)
  return { kind: 'TurnList', metadata: metadata(next), items: rows.map(toTurn) }
}

function metadata(next: string | number | null) {
  return { continue: next === null ? null : toContinueToken(String(next)) }
}

function toHealthEvent(row: HealthEventRow) {
  return {
    id: row.id,
    game: row.game_id,
    type: row.type,
    containerId: row.container_id,
    detail: row.detail,
    observedAt: row.observed_at,
  }
}
