import { sql } from 'kysely'
import { storableJson, storableText } from '../database/storable.ts'
import type { EngineState, Maxima, PlayerMapping } from '../model/engine.ts'
import type { SkipReason, TurnCall } from '../model/turn.ts'
import type { Part } from './statement.ts'

/** A row of the turn ledger, as one statement changes it. */
export type TurnWrite =
  | { readonly kind: 'skip'; readonly id: string; readonly atMs: number; readonly reason: SkipReason }
  | {
      readonly kind: 'skip_token'
      readonly id: string
      readonly token: string
      readonly generation: number
      readonly reason: SkipReason
    }
  | { readonly kind: 'begin'; readonly id: string; readonly call: TurnCall; readonly turn: number; readonly operationId: string }
  | { readonly kind: 'retry'; readonly id: string; readonly operationId: string }
  | { readonly kind: 'end'; readonly id: string; readonly status: 'succeeded' | 'failed' | 'superseded'; readonly error: string | null }

/** Which life of the game the turns are of. */
export interface Life {
  readonly recordUid: string
  readonly incarnation: number
}

/** What the engine said after init or a turn. */
export interface Snapshot extends Life {
  readonly state: EngineState
  readonly status: string
  readonly health: string
  readonly playerStats: readonly PlayerStats[]
  readonly maxima: Maxima
}

/** As the lobby reads it (spec 4, "Snapshots to the lobby"). */
export interface PlayerStats {
  readonly user_id: string
  readonly current_planets: number
  readonly current_population: number
  readonly max_planets: number
  readonly max_population: number
}

/** At most one part per kind, so that their names are unique in the statement. */
export function turnParts(gameId: string, { recordUid, incarnation }: Life, writes: readonly TurnWrite[]): readonly Part[] {
  const begun = writes.find((write) => write.kind === 'begin')
  const retried = writes.find((write) => write.kind === 'retry')
  const ended = writes.find((write) => write.kind === 'end')
  const skipped = writes.filter((write) => write.kind === 'skip')
  const forgone = writes.find((write) => write.kind === 'skip_token')
  return [
    ...(skipped.length === 0 ? [] : [skippedPart(gameId, { recordUid, incarnation }, skipped)]),
    ...(forgone === undefined ? [] : [forgonePart(gameId, { recordUid, incarnation }, forgone)]),
    ...(begun === undefined ? [] : [begunPart(gameId, { recordUid, incarnation }, begun)]),
    ...(retried === undefined
      ? []
      : [
          {
            name: 'retried_turn',
            query: sql`UPDATE turns SET attempts = attempts + 1, operation_id = ${retried.operationId}
              WHERE id = ${retried.id} AND status = 'in_progress' AND operation_id <> ${retried.operationId}`,
          },
        ]),
    ...(ended === undefined
      ? []
      : [
          {
            name: 'ended_turn',
            query: sql`UPDATE turns SET status = ${ended.status}, error = ${ended.error === null ? null : storableText(ended.error)},
              finished_at = clock_timestamp() WHERE id = ${ended.id} AND status = 'in_progress'`,
          },
        ]),
  ]
}

function skippedPart(gameId: string, { recordUid, incarnation }: Life, skips: readonly Extract<TurnWrite, { kind: 'skip' }>[]): Part {
  const rows = skips.map(({ id, atMs, reason }) => ({ id, scheduled_at: new Date(atMs).toISOString(), reason }))
  return {
    name: 'skipped_turns',
    query: sql`
      INSERT INTO turns (id, game_id, record_uid, incarnation, scheduled_at, status, skip_reason, finished_at)
      SELECT s.id, ${gameId}, ${recordUid}::uuid, ${incarnation}::integer, s.scheduled_at, 'skipped', s.reason, clock_timestamp()
        FROM jsonb_to_recordset(${storableJson(rows)}::jsonb) AS s(id uuid, scheduled_at timestamptz, reason text)
      ON CONFLICT DO NOTHING`,
  }
}

function forgonePart(
  gameId: string,
  { recordUid, incarnation }: Life,
  { id, token, generation, reason }: Extract<TurnWrite, { kind: 'skip_token' }>,
): Part {
  return {
    name: 'forgone_turn',
    query: sql`
      INSERT INTO turns (id, game_id, record_uid, incarnation, turn_token, generation, status, skip_reason, finished_at)
      VALUES (${id}, ${gameId}, ${recordUid}, ${incarnation}, ${token}, ${generation}, 'skipped', ${reason}, clock_timestamp())
      ON CONFLICT DO NOTHING`,
  }
}

function begunPart(
  gameId: string,
  { recordUid, incarnation }: Life,
  { id, call, turn, operationId }: Extract<TurnWrite, { kind: 'begin' }>,
): Part {
  const scheduledAt = call.kind === 'tick' ? new Date(call.atMs) : null
  const [token, generation] = call.kind === 'token' ? [call.token, call.generation] : [null, null]
  return {
    name: 'begun_turn',
    query: sql`
      INSERT INTO turns (id, game_id, record_uid, incarnation, scheduled_at, turn_token, generation, turn, status, operation_id,
        attempts, started_at)
      VALUES (${id}, ${gameId}, ${recordUid}, ${incarnation}, ${scheduledAt}, ${token}, ${generation}, ${turn}, 'in_progress',
        ${operationId}, 1, clock_timestamp())
      ON CONFLICT (id) DO NOTHING`,
  }
}

/** Written again, as after a lost answer, it is the newest one already, and stays alone. */
export function snapshotPart(gameId: string, { recordUid, incarnation, state, status, health, playerStats, maxima }: Snapshot): Part {
  return {
    name: 'written_snapshot',
    query: sql`
      INSERT INTO health_snapshots (game_id, record_uid, incarnation, turn, runtime_status, engine_health, engine_state, player_stats, maxima)
      SELECT ${gameId}, ${recordUid}::uuid, ${incarnation}::integer, ${state.turn}::integer, ${status}, ${health},
        ${storableJson(state)}::jsonb, ${storableJson(playerStats)}::jsonb, ${storableJson(maxima)}::jsonb
       WHERE NOT EXISTS (
         SELECT FROM (SELECT * FROM health_snapshots WHERE game_id = ${gameId} ORDER BY id DESC LIMIT 1) newest
          WHERE (record_uid, incarnation, turn) = (${recordUid}::uuid, ${incarnation}::integer, ${state.turn}::integer))`,
  }
}

/** The game's mapping is these rows and no others; of a game that is removed, none. */
export function mappingParts(gameId: string, mapping: readonly PlayerMapping[]): readonly Part[] {
  const rows = mapping.map(({ raceName, userId, enginePlayerId }) => ({ race_name: raceName, user_id: userId, player: enginePlayerId }))
  const dropped = {
    name: 'dropped_mapping',
    query: sql`DELETE FROM player_mappings WHERE game_id = ${gameId} AND race_name <> ALL(${mapping.map(({ raceName }) => raceName)}::text[])`,
  }
  if (rows.length === 0) return [dropped]
  const written = {
    name: 'written_mapping',
    query: sql`
      INSERT INTO player_mappings (game_id, race_name, user_id, engine_player_uuid)
      SELECT ${gameId}, m.race_name, m.user_id, m.player
        FROM jsonb_to_recordset(${storableJson(rows)}::jsonb) AS m(race_name text, user_id uuid, player uuid)
      ON CONFLICT (game_id, race_name) DO UPDATE SET user_id = EXCLUDED.user_id, engine_player_uuid = EXCLUDED.engine_player_uuid`,
  }
  return [dropped, written]
}
