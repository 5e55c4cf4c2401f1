import type { Player, StopReason } from '../model/game.ts'

/** What a game is to run: an exact image, already resolved by the caller, or an engine's version. */
export type EngineTarget = string | VersionTarget

export interface VersionTarget {
  /** Semantic version. */
  readonly version: string
  /** Default `galaxy`. */
  readonly engine?: string | undefined
  /** An exact image to use instead of the registry's for that version. An image without a version speaks no protocol: no turns. */
  readonly imageRef?: string | undefined
}

export interface PatchTarget extends VersionTarget {
  /** Lets this one version leave the major.minor of the one that last wrote the game's state. */
  readonly allowIncompatible?: boolean | undefined
}

/** Columns of `desired_games`; what is left out keeps its value, or its default in a new game. Null clears. */
export interface StartOptions {
  readonly players?: readonly Player[] | undefined
  /** Cron, 5 or 6 fields. */
  readonly turnSchedule?: string | null | undefined
  /** IANA name. */
  readonly timeZone?: string | undefined
  /** Cores. */
  readonly cpus?: number | null | undefined
  /** `256Mi`, `512m`. */
  readonly memory?: string | null | undefined
  /** Processes and threads. */
  readonly pids?: number | null | undefined
  /** The caller's own, for selection. Replaces all labels of the game. */
  readonly labels?: Readonly<Record<string, string>> | undefined
  readonly paused?: boolean | undefined
  readonly allowIncompatibleTo?: string | null | undefined
}

export interface DeleteOptions {
  /** Deletes the game's state directory too, for good. Can only be asked for together with the deletion. */
  readonly purgeState?: boolean | undefined
}

/** A wish that is committed: durably accepted, not yet carried out. */
export interface Published {
  readonly gameId: string
  /** Of the row that says so; carried out and judged when `getRuntime` shows an `observedGeneration` that is not less. */
  readonly generation: number
  /** `unchanged`: the row said so already, and was not written. */
  readonly outcome: 'created' | 'updated' | 'unchanged'
}

export interface Deleted {
  readonly gameId: string
  /** `absent`: there is no such game, or no more. */
  readonly outcome: 'deleting' | 'absent'
}

export type { Player, StopReason }
