import { type Kysely, sql } from 'kysely'
import { z } from 'zod'
import type { Database } from '../database/tables.ts'
import type { Maxima, PlayerMapping } from '../model/engine.ts'
import type { OpenTurn } from '../model/turn.ts'
import { anyOf } from './any-of.ts'

type GameIds = readonly string[] | undefined

/** By game: the turn whose end is not in the ledger. */
export async function loadOpenTurns(db: Kysely<Database>, gameIds: GameIds): Promise<ReadonlyMap<string, OpenTurn>> {
  const rows = await db
    .selectFrom('turns')
    .select(['id', 'game_id', 'scheduled_at', 'turn_token', 'generation', 'turn'])
    .where('status', '=', 'in_progress')
    .$if(gameIds !== undefined, (query) => query.where('game_id', '=', anyOf(gameIds)))
    .execute()
  return new Map(
    rows.map((row) => [
      row.game_id,
      {
        id: row.id,
        // CHECKs: exactly one of tick and token is there, and an open turn has its number.
        call:
          row.scheduled_at === null
            ? { kind: 'token', token: row.turn_token ?? '', generation: row.generation ?? 0 }
            : { kind: 'tick', atMs: row.scheduled_at.getTime() },
        turn: row.turn ?? 0,
      },
    ]),
  )
}

/** By game, also of one that was removed with its state kept: the highest turn of the state's present incarnation. */
export async function loadComputedTurns(db: Kysely<Database>, gameIds: GameIds): Promise<ReadonlyMap<string, number>> {
  const rows = await db
    .selectFrom('game_status as s')
    .innerJoin('turns as t', (join) => join.onRef('t.game_id', '=', 's.game_id').onRef('t.incarnation', '=', 's.state_incarnation'))
    .select((eb) => ['s.game_id', eb.fn.max('t.turn').as('turn')])
    .where('t.status', '=', 'succeeded')
    .$if(gameIds !== undefined, (query) => query.where('s.game_id', '=', anyOf(gameIds)))
    .groupBy('s.game_id')
    .execute()
  return new Map(rows.flatMap(({ game_id, turn }) => (turn === null ? [] : [[game_id, turn] as const])))
}

/** By game, in the order of their races. */
export async function loadMappings(db: Kysely<Database>, gameIds: GameIds): Promise<ReadonlyMap<string, readonly PlayerMapping[]>> {
  const rows = await db
    .selectFrom('player_mappings')
    .selectAll()
    .$if(gameIds !== undefined, (query) => query.where('game_id', '=', anyOf(gameIds)))
    .orderBy('game_id')
    .orderBy(sql`race_name COLLATE "C"`)
    .execute()
  const byGame = Map.groupBy(rows, (row) => row.game_id)
  return new Map(
    [...byGame].map(([gameId, players]) => [
      gameId,
      players.map((row) => ({ raceName: row.race_name, userId: row.user_id, enginePlayerId: row.engine_player_uuid })),
    ]),
  )
}

const maximaSchema = z.record(z.string(), z.object({ planets: z.number(), population: z.number() }))

/** By game, as its newest snapshot has them; a game that was removed begins anew. */
export async function loadMaxima(db: Kysely<Database>, gameIds: GameIds): Promise<ReadonlyMap<string, Maxima>> {
  const { rows } = await sql<{ game_id: string; maxima: unknown }>`
    SELECT r.game_id, s.maxima FROM runtime_records r
      CROSS JOIN LATERAL (SELECT maxima FROM health_snapshots h
        WHERE h.game_id = r.game_id AND h.record_uid = r.uid ORDER BY h.id DESC LIMIT 1) s
     WHERE r.status <> 'removed' AND (${gameIds === undefined} OR r.game_id = ${anyOf(gameIds)})`.execute(db)
  return new Map(rows.map(({ game_id, maxima }) => [game_id, maximaSchema.safeParse(maxima).data ?? {}]))
}
