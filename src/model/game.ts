import type { Limits } from './limits.ts'

/** The five reasons a game may be stopped for (spec 1, "Wire vocabulary"). */
export const STOP_REASONS = ['orphan_cleanup', 'cancelled', 'finished', 'admin_request', 'timeout'] as const
export type StopReason = (typeof STOP_REASONS)[number]

/** Longest id that keeps `galaxy-game-{id}` a valid host name of 63 characters. */
export const GAME_ID_PATTERN = /^[a-z0-9]([a-z0-9-]{0,49}[a-z0-9])?$/

export interface Player {
  readonly userId: string
  readonly raceName: string
}

/** What was asked for: one row of `desired_games`, parsed. */
export interface DesiredGame {
  readonly gameId: string
  readonly engine: string
  /** Null when the producer named an exact image alone; one of version and image is always there. */
  readonly engineVersion: string | null
  readonly imageRef: string | null
  readonly state: 'running' | 'stopped'
  /** Set exactly when `state` is `stopped`. */
  readonly stopReason: StopReason | null
  readonly paused: boolean
  readonly turnSchedule: string | null
  readonly timeZone: string
  readonly players: readonly Player[]
  /** As written; null falls to the image's labels, then the defaults. */
  readonly cpus: number | null
  readonly memory: string | null
  readonly pids: number | null
  readonly restartToken: string | null
  readonly turnToken: string | null
  readonly allowIncompatibleTo: string | null
  readonly labels: Readonly<Record<string, string>>
  readonly managedBy: string
  readonly generation: number
  readonly resourceVersion: string
  /** The tombstone: the game is to be stopped, removed and forgotten. */
  readonly deletedAt: Date | null
  readonly purgeState: boolean
  readonly writtenBy: string
  readonly writtenRef: string | null
  readonly createdAt: Date
  readonly updatedAt: Date
}

/** How a version of an engine is run; the registry's row, resolved. */
export interface EngineVersion {
  readonly engine: string
  readonly version: string
  /** Null: the image template applies. */
  readonly imageRef: string | null
  readonly enabled: boolean
  readonly protocol: Protocol
  /** Null: the protocol's default. */
  readonly probe: Probe | null
  readonly port: number
  readonly command: readonly string[] | null
  readonly env: Readonly<Record<string, string>>
  readonly publish: readonly PublishedPort[]
  readonly relax: Relaxations
}

export type Protocol = 'galaxy' | 'none'

/** How a running engine is asked whether it serves; `docker` is the image's own HEALTHCHECK. */
export type Probe =
  | { readonly http: { readonly path: string; readonly port: number } }
  | { readonly tcp: { readonly port: number } }
  | { readonly docker: true }
  | { readonly none: true }

export interface PublishedPort {
  readonly containerPort: number
  readonly hostPort: number
  readonly protocol: 'tcp' | 'udp'
  /** 127.0.0.1 unless the registry says otherwise. */
  readonly hostIp: string
}

/** Hardening defaults that one engine version lifts; absent means the default holds. */
export interface Relaxations {
  readonly capAdd?: readonly string[] | undefined
  readonly writableRoot?: boolean | undefined
  readonly newPrivileges?: boolean | undefined
  readonly noInit?: boolean | undefined
  readonly user?: string | undefined
  readonly tmpfs?: readonly string[] | undefined
}

/**
 * The last desired state that passed admission, with everything resolved and pinned: a recreation within the same
 * generation uses exactly this (spec 2, "Accepted means pinned").
 */
export interface AcceptedSpec {
  readonly gameId: string
  readonly engine: string
  /** What the row said when the rest was resolved; a row that says something else is resolved anew. */
  readonly requested: RequestedRuntime
  /** Null: an image alone, whose tag is no semver. */
  readonly engineVersion: string | null
  readonly imageRef: string
  /** The image's content id (`sha256:…`), resolved when the spec was accepted. */
  readonly imageId: string
  readonly protocol: Protocol
  readonly probe: Probe
  readonly port: number
  readonly command: readonly string[] | null
  readonly env: Readonly<Record<string, string>>
  readonly publish: readonly PublishedPort[]
  readonly relax: Relaxations
  readonly limits: Limits
  readonly network: string
  readonly state: StateMount
  readonly players: readonly Player[]
  readonly turnSchedule: string | null
  readonly timeZone: string
  readonly specHash: string
}

/** The fields of a desired row from which image and limits are resolved. */
export interface RequestedRuntime {
  readonly engineVersion: string | null
  readonly imageRef: string | null
  readonly cpus: number | null
  readonly memory: string | null
  readonly pids: number | null
}

/** The bind mount that holds a game's state: a folder of its own under the state root. */
export interface StateMount {
  /** Path as this controller sees it. */
  readonly path: string
  /** The same folder as the daemon's host names it. */
  readonly hostPath: string
  /** Path inside the container. */
  readonly mountPath: string
  /** Name of the variable that tells the engine `mountPath`; `STORAGE_PATH` is always set beside it. */
  readonly envName: string
}
