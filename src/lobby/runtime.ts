import type { Condition } from '../model/condition.ts'
import type { EngineHealth, RecordStatus } from '../model/record.ts'
import type { ObservationSource } from '../model/status.ts'
import type { LobbyDatabase } from './connection.ts'
import type { Player, StopReason } from './wishes.ts'

/** A game as the controller knows it (view `games`), and how far that can be believed. */
export interface Runtime {
  readonly gameId: string
  /** Null: nobody asks for the game any more, but its record lives on. */
  readonly desired: RuntimeDesired | null
  /** Condition `Ready`; always `Unknown` when the view is not fresh (spec 1, S8). */
  readonly ready: 'True' | 'False' | 'Unknown'
  /** `unknown` when the view is not fresh, null without a record. */
  readonly engineHealth: EngineHealth | null
  /** `Ready` is `Unknown` here too when the view is not fresh; the others stand as last written. */
  readonly conditions: readonly Condition[]
  /** The generation that conditions are about; less than the desired one: not looked at yet. Null before the first look. */
  readonly observedGeneration: number | null
  /** When the controller last vouched for its view of Docker. Null: not in this term, or never. */
  readonly observedAt: Date | null
  readonly observedFrom: ObservationSource | null
  /** Whether `observedAt` is young enough to be believed. */
  readonly isFresh: boolean
  /** The live record, as last written: null before the first start and after the removal. */
  readonly record: RuntimeRecordView | null
  /** The newest entry of the turn ledger. */
  readonly lastTurn: RuntimeTurn | null
}

export interface RuntimeDesired {
  readonly engine: string
  readonly engineVersion: string | null
  readonly imageRef: string | null
  readonly state: 'running' | 'stopped'
  readonly stopReason: StopReason | null
  readonly paused: boolean
  readonly turnSchedule: string | null
  readonly timeZone: string
  readonly players: readonly Player[]
  readonly labels: Readonly<Record<string, string>>
  /** `lobby`, `api`, `manifest:<root>` or `reconciler`. */
  readonly managedBy: string
  readonly generation: number
  readonly isBeingDeleted: boolean
}

export interface RuntimeRecordView {
  readonly uid: string
  readonly status: RecordStatus
  readonly containerId: string | null
  readonly imageRef: string | null
  readonly engineVersion: string | null
  /** Address on the games' Docker network, the same for the record's life. */
  readonly endpoint: string
  readonly currentTurn: number | null
  readonly startedAt: Date | null
  readonly stoppedAt: Date | null
  readonly finishedAt: Date | null
}

export interface RuntimeTurn {
  /** Null where none was asked of the engine. */
  readonly turn: number | null
  readonly status: 'in_progress' | 'succeeded' | 'failed' | 'skipped' | 'superseded'
  readonly skipReason: 'paused' | 'not_running' | 'in_progress' | 'missed_while_down' | 'skip_next_tick' | null
  /** Null: asked for by a turn token. */
  readonly scheduledAt: Date | null
  readonly startedAt: Date | null
  readonly finishedAt: Date | null
  readonly error: string | null
}

/** @returns null when nothing is known of the game. @throws LobbyError */
export async function readRuntime(database: LobbyDatabase, gameId: string): Promise<Runtime | null> {
  const [stored] = await database.rows<Stored<Runtime>>(gameId, READ, [gameId])
  if (stored === undefined) return null
  const { record, lastTurn } = stored
  return {
    ...stored,
    conditions: stored.conditions.map((condition) => (stored.isFresh ? condition : believable(condition))),
    observedAt: date(stored.observedAt),
    record: record && {
      ...record,
      startedAt: date(record.startedAt),
      stoppedAt: date(record.stoppedAt),
      finishedAt: date(record.finishedAt),
    },
    lastTurn: lastTurn && {
      ...lastTurn,
      scheduledAt: date(lastTurn.scheduledAt),
      startedAt: date(lastTurn.startedAt),
      finishedAt: date(lastTurn.finishedAt),
    },
  }
}

/** As JSON brings it: times are texts. */
type Stored<T> = T extends Date ? string : T extends object ? { readonly [K in keyof T]: Stored<T[K]> } : T

function date(text: string | null): Date | null {
  return text === null ? null : new Date(text)
}

function believable(condition: Condition): Condition {
  if (condition.type !== 'Ready') return condition
  const message = `not confirmed lately; last known: ${condition.status}, ${condition.message}`
  return { ...condition, status: 'Unknown', reason: 'Stale', message }
}

/** Turns of an earlier incarnation belong to a state that was purged. */
const READ = `
  SELECT json_build_object(
    'gameId', g.game_id,
    'desired', CASE WHEN d.game_id IS NOT NULL THEN json_build_object(
      'engine', d.engine, 'engineVersion', d.engine_version, 'imageRef', d.image_ref, 'state', d.state, 'stopReason', d.stop_reason,
      'paused', d.paused, 'turnSchedule', d.turn_schedule, 'timeZone', d.time_zone, 'players', d.players, 'labels', d.labels,
      'managedBy', d.managed_by, 'generation', d.generation, 'isBeingDeleted', d.deleted_at IS NOT NULL) END,
    'ready', g.ready, 'engineHealth', CASE WHEN r.uid IS NOT NULL THEN g.engine_health END,
    'conditions', coalesce(g.conditions, '[]'), 'observedGeneration', g.observed_generation,
    'observedAt', g.observed_at, 'observedFrom', g.observed_from, 'isFresh', g.fresh,
    'record', CASE WHEN r.uid IS NOT NULL THEN json_build_object(
      'uid', r.uid, 'status', r.status, 'containerId', r.current_container_id, 'imageRef', r.current_image_ref,
      'engineVersion', r.current_engine_version, 'endpoint', r.engine_endpoint, 'currentTurn', r.current_turn,
      'startedAt', r.started_at, 'stoppedAt', r.stopped_at, 'finishedAt', r.finished_at) END,
    'lastTurn', (
      SELECT json_build_object('turn', t.turn, 'status', t.status, 'skipReason', t.skip_reason, 'scheduledAt', t.scheduled_at,
               'startedAt', t.started_at, 'finishedAt', t.finished_at, 'error', t.error)
        FROM turns t JOIN game_status s ON s.game_id = t.game_id AND s.state_incarnation = t.incarnation
       WHERE t.game_id = g.game_id ORDER BY t.id DESC LIMIT 1)) AS row
    FROM games g
    LEFT JOIN desired_games d ON d.game_id = g.game_id
    LEFT JOIN runtime_records r ON r.uid = g.record_uid
   WHERE g.game_id = $1::text`
