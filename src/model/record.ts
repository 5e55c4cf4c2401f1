import type { Limits } from './limits.ts'

/** `removed` is terminal: a game that is asked for again gets a new record. */
export const RECORD_STATUSES = [
  'starting',
  'running',
  'generation_in_progress',
  'generation_failed',
  'stopped',
  'engine_unreachable',
  'finished',
  'removed',
] as const
export type RecordStatus = (typeof RECORD_STATUSES)[number]

const RUNS: ReadonlySet<RecordStatus> = new Set(['running', 'generation_in_progress', 'generation_failed', 'engine_unreachable'])
const AT_REST: ReadonlySet<RecordStatus> = new Set(['stopped', 'finished'])

/** The game is said to have a container that runs. */
export function saysItRuns(status: RecordStatus): boolean {
  return RUNS.has(status)
}

/** The game needs no container until somebody asks for it anew. */
export function isAtRest(status: RecordStatus): boolean {
  return AT_REST.has(status)
}

export const ENGINE_HEALTHS = ['ok', 'unreachable', 'unhealthy', 'unknown'] as const
export type EngineHealth = (typeof ENGINE_HEALTHS)[number]

/** What the controller believes of one life of a game: a row of `runtime_records`. */
export interface RuntimeRecord {
  readonly uid: string
  readonly gameId: string
  readonly status: RecordStatus
  readonly containerId: string | null
  readonly imageRef: string | null
  readonly imageId: string | null
  readonly engineVersion: string | null
  readonly endpoint: string
  readonly statePath: string
  readonly network: string
  readonly limits: Limits | null
  readonly turnSchedule: string | null
  readonly timeZone: string | null
  /** Ticks up to here are in the ledger, or none of this record's business; null before init. */
  readonly ticksAfter: Date | null
  /** As the engine last said; null before init. */
  readonly currentTurn: number | null
  /** A forced turn takes the place of the next scheduled one. */
  readonly skipNextTick: boolean
  readonly paused: boolean
  readonly pausedAt: Date | null
  readonly health: EngineHealth
  readonly startedAt: Date | null
  readonly stoppedAt: Date | null
  readonly finishedAt: Date | null
  /** The desired generation that the engine finished; null while the game goes on. */
  readonly finishedGeneration: number | null
  readonly removedAt: Date | null
  readonly lastOpAt: Date
  readonly createdAt: Date
}
