import { API_VERSION } from '../desired/manifest/schema.ts'
import type { Condition } from '../model/condition.ts'
import type { AcceptedSpec } from '../model/game.ts'
import { formatMemory } from '../model/limits.ts'
import { parseAcceptedSpec, parseBackoff, parseConditions, parseLimits } from '../record/stored-json.ts'
import type { Schedules } from '../turns/schedule.ts'
import { nextTurnAt } from './next-turn.ts'
import type { GameRow } from './reads/games.ts'

export type GameEnvelope = ReturnType<typeof toEnvelope>

/** A game as the doors show it: what was asked for, and what is known of it (spec 5, "HTTP API"). */
export function toEnvelope(row: GameRow, schedules: Schedules, nowMs: number) {
  return {
    apiVersion: API_VERSION,
    kind: 'Game' as const,
    metadata: {
      name: row.game_id,
      labels: row.labels ?? {},
      generation: row.generation,
      resourceVersion: row.resource_version === null ? null : String(row.resource_version),
      managedBy: row.managed_by,
      writtenBy: row.written_by,
      writtenRef: row.written_ref,
      createdAt: row.created_at,
      updatedAt: row.updated_at,
      deletedAt: row.deleted_at,
    },
    spec: specOf(row),
    status: statusOf(row, schedules, nowMs),
  }
}

/** Null for a game that nobody asks for any more but whose record still lives. */
function specOf(row: GameRow) {
  if (row.desired_state === null) return null
  return {
    engine: row.engine,
    engineVersion: row.engine_version,
    image: row.image_ref,
    state: row.desired_state === 'running' ? ('Running' as const) : ('Stopped' as const),
    stopReason: row.stop_reason,
    paused: row.paused,
    turnSchedule: row.turn_schedule,
    timeZone: row.time_zone,
    players: row.players,
    resources: { cpus: row.cpus, memory: row.memory, pids: row.pids },
    allowIncompatibleTo: row.allow_incompatible_to,
  }
}

function statusOf(row: GameRow, schedules: Schedules, nowMs: number) {
  const accepted = parseAcceptedSpec(row.accepted_spec)
  const limits = parseLimits(row.applied_resources)
  const backoff = parseBackoff(row.backoff)
  return {
    recordUid: row.record_uid,
    /** Null until the controller has made a record. */
    status: row.status,
    ready: row.ready,
    engineHealth: row.engine_health,
    endpoint: row.engine_endpoint,
    engineVersion: row.current_engine_version,
    image: row.current_image_ref,
    imageId: row.current_image_id,
    containerId: row.current_container_id,
    network: row.docker_network,
    statePath: row.state_path,
    resources: limits && {
      cpus: limits.cpus,
      memory: limits.memoryBytes === null ? null : formatMemory(limits.memoryBytes),
      pids: limits.pids,
    },
    startedAt: row.started_at,
    stoppedAt: row.stopped_at,
    finishedAt: row.finished_at,
    /** As the engine last said; null before init. */
    currentTurn: row.current_turn,
    nextTurnAt: nextTurnOf(row, accepted, schedules, nowMs),
    /** As it is in effect; `spec.paused` is what was asked for. */
    paused: row.record_paused ?? false,
    pausedAt: row.paused_at,
    skipNextTick: row.skip_next_tick ?? false,
    /** Races of which a user and the engine's player are known. */
    mappedPlayers: row.mapped_players,
    observedGeneration: row.observed_generation,
    acceptedGeneration: row.accepted_generation,
    accepted,
    conditions: believable(parseConditions(row.conditions), row.fresh),
    backoff: backoff && {
      kind: backoff.kind,
      failures: backoff.failures,
      notBefore: backoff.notBeforeMs === null ? null : new Date(backoff.notBeforeMs),
      message: backoff.message,
    },
    observedAt: row.observed_at,
    observedFrom: row.observed_from,
    fresh: row.fresh,
  }
}

function nextTurnOf(row: GameRow, accepted: AcceptedSpec | null, schedules: Schedules, nowMs: number): Date | null {
  const facts = {
    accepted,
    status: row.status,
    currentTurn: row.current_turn,
    isWantedRunning: row.desired_state === 'running' && row.deleted_at === null,
    isPaused: row.paused === true,
    skipsNextTick: row.skip_next_tick === true,
  }
  return nextTurnAt(facts, schedules, nowMs)
}

/** A condition about the world that nobody has confirmed lately says Unknown instead of repeating itself (S8). */
function believable(conditions: readonly Condition[], isFresh: boolean): readonly Condition[] {
  if (isFresh) return conditions
  return conditions.map((condition) =>
    condition.type === 'Ready'
      ? {
          ...condition,
          status: 'Unknown',
          reason: 'Stale',
          message: `not confirmed lately; last known: ${condition.status}, ${condition.message}`,
        }
      : condition,
  )
}
