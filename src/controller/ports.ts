import type { EngineTarget } from '../model/action.ts'
import type { EngineState } from '../model/engine.ts'
import type { AcceptedSpec } from '../model/game.ts'
import type { ImageFacts } from '../model/image.ts'
import type { Limits } from '../model/limits.ts'
import type { ObservedContainer } from '../model/observed.ts'

/** What the loop needs of the container runtime. Already-absent and already-running are success, never errors. */
export interface Runtime {
  /**
   * Creates a stopped container. A name that is taken, an image or a network that is missing are answers, not errors.
   * @throws RuntimeFailure transient (`service_unavailable`) or terminal (`start_config_invalid`, `container_start_failed`)
   */
  create(request: CreateRequest, signal: AbortSignal): Promise<CreateAnswer>
  /** Starts it and inspects it; `null` when it is gone. */
  start(id: string, signal: AbortSignal): Promise<StartAnswer>
  /** SIGTERM, the grace period, then SIGKILL; verified by inspect. `null` when it is gone. */
  stop(id: string, graceMs: number, signal: AbortSignal): Promise<ObservedContainer | null>
  /** Without `force` a running container is refused (transient); waits out a removal already in progress. */
  remove(id: string, force: boolean, signal: AbortSignal): Promise<void>
  rename(id: string, name: string, signal: AbortSignal): Promise<RenameAnswer>
  /** Changes limits of a live container; `refused` where the runtime cannot without a new container. Verified by inspect. */
  updateLimits(id: string, limits: Limits, signal: AbortSignal): Promise<UpdateAnswer>
  /** Null when there is no such container. */
  inspect(id: string, signal: AbortSignal): Promise<ObservedContainer | null>
  /** @throws RuntimeFailure `image_pull_failed` */
  pull(imageRef: string, onProgress: (text: string) => void, signal: AbortSignal): Promise<ImageFacts>
  inspectImage(imageRef: string, signal: AbortSignal): Promise<ImageFacts | null>
  createNetwork(name: string, signal: AbortSignal): Promise<void>
  /** Removes a game's state directory; only a direct child of the state root, no link followed. */
  purgeState(path: string): Promise<void>
}

/**
 * What the loop needs of a game's engine (spec 4, "Engine contract"). Its answers are validated; it is untrusted all the same.
 *
 * @throws RuntimeFailure `service_unavailable` where nobody knows whether the call took effect, `engine_unreachable` where the
 * engine refused it or answered something useless
 */
export interface Engine {
  /** Repeated on an initialised game it changes nothing. */
  init(target: EngineTarget, races: readonly string[], signal: AbortSignal): Promise<EngineState>
  /** Null while the engine has no game. */
  status(target: EngineTarget, signal: AbortSignal): Promise<EngineState | null>
  /** Computes the turn, unless it is computed already; the state is that of this turn or of a later one. */
  turn(target: EngineTarget, turn: number, idempotencyKey: string, signal: AbortSignal): Promise<EngineState>
}

export interface CreateRequest {
  readonly name: string
  readonly spec: AcceptedSpec
  readonly operationId: string
  readonly nowMs: number
}

export type CreateAnswer =
  | { readonly kind: 'created'; readonly id: string }
  /** Ours: look again, then decide. Foreign: report, never force. */
  | { readonly kind: 'name_taken'; readonly holder: 'ours' | 'foreign'; readonly id: string }
  | { readonly kind: 'image_missing' }

export type StartAnswer =
  | { readonly kind: 'started'; readonly container: ObservedContainer }
  | { readonly kind: 'gone' }
  | { readonly kind: 'network_missing' }
  | { readonly kind: 'network_ambiguous'; readonly message: string }

export type RenameAnswer =
  | { readonly kind: 'renamed' }
  | { readonly kind: 'gone' }
  | { readonly kind: 'name_taken'; readonly holder: 'ours' | 'foreign'; readonly id: string }
export type UpdateAnswer =
  | { readonly kind: 'updated'; readonly container: ObservedContainer }
  | { readonly kind: 'refused'; readonly message: string }
  | { readonly kind: 'gone' }
