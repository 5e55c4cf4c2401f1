import type { Kysely } from 'kysely'
import type { Logger } from 'pino'
import type { Database } from '../database/tables.ts'
import type { ImagePolicy } from '../desired/resolve-image.ts'
import type { DesiredGame, EngineVersion, StateMount } from '../model/game.ts'
import type { Limits } from '../model/limits.ts'
import type { Identity } from '../model/labels.ts'
import type { World } from '../observed/world.ts'
import type { GameTraces } from '../tracing/game-traces.ts'
import type { Clock } from '../clock.ts'
import type { Games } from './games.ts'
import type { LoopObserver } from './observer.ts'
import type { HealthReading } from './plan/input.ts'
import type { Engine, Runtime } from './ports.ts'

/** What one term of the loop works with. */
export interface LoopDeps {
  readonly identity: Identity
  readonly leaseEpoch: number
  readonly db: Kysely<Database>
  readonly desired: DesiredView
  readonly world: World
  readonly runtime: Runtime
  readonly games: Games
  readonly health: HealthView
  readonly engine: Engine
  readonly schedules: ScheduleView
  /** When this term began; epoch milliseconds. */
  readonly activeSinceMs: number
  readonly settings: LoopSettings
  readonly clock: Clock
  /** Uniform in [0, 1). */
  readonly random: () => number
  readonly newId: () => string
  /** Throws when the lease leaves too little time to begin a call. */
  readonly assertMayAct: () => void
  /** Told of every start's operation as it begins; must not throw. */
  readonly onStart: (gameId: string, operationId: string) => void
  readonly observer?: LoopObserver | undefined
  readonly traces: GameTraces
  readonly log: Logger
  readonly signal: AbortSignal
}

export interface DesiredView {
  get(gameId: string): DesiredGame | undefined
  /** Why the row cannot be read; without a row, it means unknown, never absent (S3). */
  problem(gameId: string): string | undefined
  version(engine: string, version: string): EngineVersion | undefined
  /** The row was removed in this version: what it asked for is done, and not to be done again before its absence is told. */
  drop(gameId: string, resourceVersion: string): void
}

/** The prober: which containers to ask, and what they said. */
export interface HealthView {
  reading(gameId: string, containerId: string): HealthReading
  /** Asks this container from now on, and no other of the game; null asks none. */
  watch(gameId: string, target: ProbeTarget | null): void
}

/** Cron arithmetic (spec 4, "Turns"); times are epoch milliseconds. */
export interface ScheduleView {
  /** Strictly after; null: never again. */
  nextTickMs(schedule: string, timeZone: string, afterMs: number): number | null
  /** The latest `atMost` ticks of the span, ascending. */
  ticksBetween(schedule: string, timeZone: string, afterMs: number, untilMs: number, atMost: number): { readonly ticks: readonly number[] }
}

export interface ProbeTarget {
  readonly containerId: string
  readonly address: string
  /** Whom the question is meant for: addresses are given away again. */
  readonly name: string
  readonly probe: { readonly http: { readonly path: string; readonly port: number } } | { readonly tcp: { readonly port: number } }
}

export interface LoopSettings {
  readonly images: ImagePolicy
  readonly defaultLimits: Limits
  readonly pullPolicy: 'if_missing' | 'always' | 'never'
  readonly network: string
  readonly mayCreateNetwork: boolean
  readonly graceMs: number
  readonly engineStartMs: number
  readonly cleanupTtlMs: number
  /** How long a turn may take. */
  readonly turnMs: number
  readonly catchUp: 'none' | 'one'
  readonly restartAfter: number
  stateOf(gameId: string): StateMount
}
