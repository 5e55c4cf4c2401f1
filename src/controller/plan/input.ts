import type { EngineState, Maxima, PlayerMapping } from '../../model/engine.ts'
import type { AcceptedSpec, DesiredGame } from '../../model/game.ts'
import type { NetworkState, ObservedGame } from '../../model/observed.ts'
import type { Operation, QueuedOperation } from '../../model/operation.ts'
import type { RuntimeRecord } from '../../model/record.ts'
import type { GameStatus } from '../../model/status.ts'
import type { OpenTurn, Ticks } from '../../model/turn.ts'

/** Everything a plan is made from; the caller fetched it, the planner fetches nothing. */
export interface PlanInput {
  readonly gameId: string
  readonly nowMs: number
  /** The container name this instance gives the game. */
  readonly canonicalName: string
  readonly desired: DesiredGame | null
  /** Why the desired row cannot be read; null when it can, or when there is none. */
  readonly desiredProblem: string | null
  readonly admission: Admission
  readonly observed: ObservedGame
  readonly status: GameStatus
  readonly record: RuntimeRecord | null
  readonly openOperation: Operation | null
  /** Oldest first. */
  readonly queued: readonly QueuedOperation[]
  readonly health: HealthReading
  readonly engine: EngineReading
  /** When this controller became the active one: what came due before was missed. */
  readonly activeSinceMs: number
  readonly ticks: Ticks
  readonly openTurn: OpenTurn | null
  /** The highest turn that the ledger has of this incarnation of the state, in whichever life of the game; null: none. */
  readonly computedTurn: number | null
  readonly mapping: readonly PlayerMapping[]
  readonly maxima: Maxima
  /** The last turn that this controller had computed, or tried to. */
  readonly lastTurn: { readonly fromMs: number; readonly toMs: number } | null
  readonly network: NetworkState
  /** Fingerprint of what an attempt would be made from now; a backoff made from another one is void. */
  readonly wish: string
  /** A container whose limits the runtime refused to change in place: it must be recreated. */
  readonly resizeRefused: string | null
  /** Containers that our own log or a removed record accounts for. */
  readonly leftovers: ReadonlySet<string>
  readonly policy: PlanPolicy
}

export interface PlanPolicy {
  readonly graceMs: number
  readonly engineStartMs: number
  readonly cleanupTtlMs: number
  readonly turnMs: number
  /** Failed probes after which an engine is restarted; 0: never. */
  readonly restartAfter: number
  /** Whether one turn makes up for those missed while no controller was active. */
  readonly catchUp: 'none' | 'one'
  readonly mayCreateNetwork: boolean
  readonly networkName: string
  /** State directory of the game, as the controller and as the daemon's host name it. */
  readonly statePath: string
  readonly stateHostPath: string
}

/** What became of the desired row at the door (spec 2, "Admission"). */
export type Admission =
  /** `outdated` says what the registry or configuration would resolve differently by now; `remarks` what had to be guessed. */
  | { readonly kind: 'accepted'; readonly spec: AcceptedSpec; readonly outdated: string | null; readonly remarks: readonly string[] }
  /** Acceptable, but its image is not on the host yet. */
  | { readonly kind: 'needs_image'; readonly imageRef: string; readonly mayPull: boolean }
  /** Not acceptable; the last accepted spec stays in force, unless it cannot read the state any more. */
  | {
      readonly kind: 'refused'
      readonly reason: string
      readonly code: 'start_config_invalid' | 'patch_semver_incompatible'
      readonly message: string
      readonly inForce: AcceptedSpec | null
    }

/** What the probes say of one container. */
export type HealthReading =
  /** Asked since then, without an answer yet and without having failed often enough. */
  | { readonly kind: 'pending'; readonly sinceMs: number }
  | { readonly kind: 'ok'; readonly containerId: string }
  /** Failed as often in a row as the threshold says. */
  | { readonly kind: 'failing'; readonly containerId: string; readonly failures: number; readonly message: string }

/** What the engine in the running container says of its game; asked once per life of the container, and when in doubt. */
export type EngineReading =
  /** Not asked: nothing serves, or its engine has no such questions. */
  | { readonly kind: 'unasked' }
  | { readonly kind: 'uninitialised' }
  | { readonly kind: 'state'; readonly state: EngineState }
  | { readonly kind: 'failing'; readonly message: string; readonly retryAtMs: number; readonly delayMs: number }

/** Whether the row asks for a container that runs. */
export function wantsOne(desired: DesiredGame | null): desired is DesiredGame {
  return desired !== null && desired.deletedAt === null && desired.state === 'running'
}
