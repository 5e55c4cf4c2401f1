import type { Generated, GeneratedAlways } from 'kysely'
import type { DefaultJson, Json } from './tables.ts'

// Who plays a game, its turns, and what is told of it: `migrations/0006_life_of_a_game.sql`.

export interface PlayerMappingsTable {
  game_id: string
  race_name: string
  user_id: string
  engine_player_uuid: string
}

export interface TurnsTable {
  id: string
  game_id: string
  record_uid: string
  incarnation: number
  scheduled_at: Date | null
  turn_token: string | null
  generation: number | null
  turn: number | null
  status: string
  skip_reason: string | null
  operation_id: string | null
  attempts: Generated<number>
  error: string | null
  started_at: Date | null
  finished_at: Date | null
}

export interface HealthSnapshotsTable {
  id: GeneratedAlways<number>
  game_id: string
  record_uid: string
  incarnation: number
  turn: number
  runtime_status: string
  engine_health: string
  engine_state: Json
  player_stats: DefaultJson
  maxima: DefaultJson
  observed_at: Generated<Date>
  written_xid: Generated<string>
}

export interface OutboxTable {
  id: GeneratedAlways<number>
  game_id: string
  type: string
  idempotency_key: string
  payload: Json
  created_at: Generated<Date>
  attempts: Generated<number>
  next_attempt_at: Generated<Date>
  delivered_at: Date | null
  dead_at: Date | null
  last_error: string | null
  written_xid: Generated<string>
}
