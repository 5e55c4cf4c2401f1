import type { Kysely } from 'kysely'
import { z } from 'zod'
import type { Database } from '../../database/tables.ts'
import { type HealthEventRow, listHealthEvents } from '../../record/queries.ts'
import { healthEventList, snapshotList, turnList } from '../answers/life.ts'
import { listSnapshots, toSnapshot } from '../reads/snapshots.ts'
import { listTurns, type TurnPage, toTurn } from '../reads/turns.ts'
import { continueToken, gameParams, limit, rowContinue, toContinueToken } from '../requests.ts'
import type { ApiServer } from '../server.ts'

/** A snapshot of a game with very many players takes hundreds of kilobytes. */
const MAX_SNAPSHOTS = 100

const turnQuery = z.strictObject({
  limit,
  continue: continueToken.pipe(z.uuid('is no continue token of this list')).optional(),
})
const eventQuery = z.strictObject({ limit, continue: rowContinue.optional() })
const snapshotQuery = eventQuery.extend({
  limit: limit
    .transform((asked) => Math.min(asked, MAX_SNAPSHOTS))
    .meta({ description: `How many at most; more than ${MAX_SNAPSHOTS} are ${MAX_SNAPSHOTS}.`, shown: { type: 'integer', minimum: 0 } }),
})

/** What is recorded of a game's life. All of it outlives the game, so that an unknown one has merely none. */
export function lifeRoutes(app: ApiServer, db: Kysely<Database>): void {
  const config = { needs: 'viewer' } as const
  const allTurns = {
    operationId: 'listTurns',
    tags: ['turns'],
    summary: 'The ledger of turns of all games, newest first',
    querystring: turnQuery,
    response: { 200: turnList },
  } as const
  app.get('/turns', { config, schema: allTurns }, ({ query }) =>
    turns(db, { gameId: null, limit: query.limit, before: query.continue ?? null }),
  )
  const turnsOfGame = {
    operationId: 'listGameTurns',
    tags: ['turns'],
    summary: 'The ledger of turns of one game, newest first',
    params: gameParams,
    querystring: turnQuery,
    response: { 200: turnList },
  } as const
  app.get('/games/:id/turns', { config, schema: turnsOfGame }, ({ params, query }) =>
    turns(db, { gameId: params.id, limit: query.limit, before: query.continue ?? null }),
  )
  const snapshots = {
    operationId: 'listSnapshots',
    tags: ['turns'],
    summary: 'What a game’s engine said after init and after every turn, newest first',
    params: gameParams,
    querystring: snapshotQuery,
    response: { 200: snapshotList },
  } as const
  app.get('/games/:id/snapshots', { config, schema: snapshots }, async ({ params, query }) => {
    const { rows, next } = await listSnapshots(db, { gameId: params.id, limit: query.limit, before: query.continue ?? null })
    return { kind: 'SnapshotList' as const, metadata: metadata(next), items: rows.map(toSnapshot) }
  })
  const events = {
    operationId: 'listHealthEvents',
    tags: ['games'],
    summary: 'What was seen of a game’s container and engine, newest first',
    params: gameParams,
    querystring: eventQuery,
    response: { 200: healthEventList },
  } as const
  app.get('/games/:id/events', { config, schema: events }, async ({ params, query }) => {
    const { rows, next } = await listHealthEvents(db, { gameId: params.id, limit: query.limit, before: query.continue ?? null })
    return { kind: 'HealthEventList' as const, metadata: metadata(next), items: rows.map(toHealthEvent) }
  })
}

async function turns(db: Kysely<Database>, asked: TurnPage) {
  const { rows, next } = await listTurns(db, asked)
  return { kind: 'TurnList' as const, metadata: metadata(next), items: rows.map(toTurn) }
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
