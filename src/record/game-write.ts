import { sql } from 'kysely'
import { storableJson, storableText } from '../database/storable.ts'
import type { PlayerMapping } from '../model/engine.ts'
import type { ErrorCode } from '../model/operation.ts'
import type { RuntimeRecord } from '../model/record.ts'
import type { GameStatus } from '../model/status.ts'
import { type Life, mappingParts, type Snapshot, snapshotPart, turnParts, type TurnWrite } from './life-write.ts'
import { recordPart } from './record-write.ts'
import type { Part } from './statement.ts'

export const HEALTH_EVENT_TYPES = [
  'container_started',
  'container_exited',
  'container_oom',
  'container_disappeared',
  'inspect_unhealthy',
  'probe_failed',
  'probe_recovered',
] as const

export interface HealthEvent {
  readonly type: (typeof HEALTH_EVENT_TYPES)[number]
  readonly containerId: string | null
  readonly detail: Readonly<Record<string, unknown>>
  readonly observedAt: Date
}

/** Told once per game, generation and code, however often the operation is retried (spec 4, "Notifications and outbox"). */
export interface Notification {
  readonly type: 'runtime.image_pull_failed' | 'runtime.container_start_failed' | 'runtime.start_config_invalid'
  readonly generation: number
  readonly imageRef: string | null
  readonly errorCode: ErrorCode
  readonly errorMessage: string
  readonly attemptedAtMs: number
}

/** Everything one pass has to write about one game; what is absent stays as it is. */
export interface GameWrite {
  readonly gameId: string
  readonly status?: GameStatus | undefined
  /** Written whole, found by its uid. */
  readonly record?: RuntimeRecord | undefined
  readonly healthEvents?: readonly HealthEvent[] | undefined
  readonly notification?: Notification | undefined
  readonly turns?: { readonly life: Life; readonly writes: readonly TurnWrite[] } | undefined
  readonly snapshot?: Snapshot | undefined
  readonly mapping?: readonly PlayerMapping[] | undefined
  /** Deletes the tombstoned desired row and resets the status, except for what is known of the state directory. */
  readonly forget?: boolean | undefined
}

/** The parts of a statement that write a game; `forget` is not among them. */
export function gameParts(write: GameWrite): readonly Part[] {
  const { gameId, status, record, healthEvents, notification, turns, snapshot, mapping } = write
  return [
    ...(status === undefined ? [] : [statusPart(gameId, status)]),
    ...(record === undefined ? [] : [recordPart(record)]),
    ...(healthEvents === undefined || healthEvents.length === 0 ? [] : [healthEventsPart(gameId, healthEvents)]),
    ...(notification === undefined ? [] : [notificationPart(gameId, notification)]),
    ...(turns === undefined ? [] : turnParts(gameId, turns.life, turns.writes)),
    ...(snapshot === undefined ? [] : [snapshotPart(gameId, snapshot)]),
    ...(mapping === undefined ? [] : mappingParts(gameId, mapping)),
  ]
}

function statusPart(gameId: string, status: GameStatus): Part {
  const observedAt = status.observedFrom === null ? sql`NULL` : sql`clock_timestamp()`
  return {
    name: 'written_status',
    query: sql`
      INSERT INTO game_status (game_id, accepted_spec, accepted_generation, observed_generation, handled_restart_token,
        handled_turn_token, conditions, backoff, state_engine, state_version, state_image_ref, state_incarnation,
        observed_from, observed_at, updated_at)
      VALUES (${gameId}, ${storableJson(status.acceptedSpec)}, ${status.acceptedGeneration}, ${status.observedGeneration},
        ${status.handledRestartToken}, ${status.handledTurnToken}, ${storableJson(status.conditions)},
        ${storableJson(status.backoff)}, ${status.stateEngine}, ${status.stateVersion}, ${status.stateImageRef},
        ${status.stateIncarnation}, ${status.observedFrom}, ${observedAt}, clock_timestamp())
      ON CONFLICT (game_id) DO UPDATE SET
        accepted_spec = EXCLUDED.accepted_spec, accepted_generation = EXCLUDED.accepted_generation,
        observed_generation = EXCLUDED.observed_generation, handled_restart_token = EXCLUDED.handled_restart_token,
        handled_turn_token = EXCLUDED.handled_turn_token, conditions = EXCLUDED.conditions, backoff = EXCLUDED.backoff,
        state_engine = EXCLUDED.state_engine, state_version = EXCLUDED.state_version,
        state_image_ref = EXCLUDED.state_image_ref, state_incarnation = EXCLUDED.state_incarnation, observed_from = EXCLUDED.observed_from,
        observed_at = EXCLUDED.observed_at, updated_at = EXCLUDED.updated_at`,
  }
}

function healthEventsPart(gameId: string, events: readonly HealthEvent[]): Part {
  const rows = events.map((event) => ({
    type: event.type,
    container_id: event.containerId,
    detail: event.detail,
    observed_at: event.observedAt.toISOString(),
  }))
  return {
    name: 'written_events',
    query: sql`
      INSERT INTO health_events (game_id, type, container_id, detail, observed_at)
      SELECT ${gameId}, e.type, e.container_id, e.detail, e.observed_at
        FROM jsonb_to_recordset(${storableJson(rows)}::jsonb) AS e(type text, container_id text, detail jsonb, observed_at timestamptz)`,
  }
}

function notificationPart(gameId: string, notification: Notification): Part {
  const { type, generation, imageRef, errorCode, errorMessage, attemptedAtMs } = notification
  const payload = { gameId, imageRef, errorCode, errorMessage: storableText(errorMessage), attemptedAtMs }
  return {
    name: 'written_notification',
    query: sql`
      INSERT INTO notification_intents (idempotency_key, type, game_id, generation, error_code, payload)
      VALUES (${`${type}.${gameId}.${attemptedAtMs}`}, ${type}, ${gameId}, ${generation}, ${errorCode}, ${storableJson(payload)})
      ON CONFLICT DO NOTHING`,
  }
}
