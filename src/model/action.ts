import type { AcceptedSpec } from './game.ts'
import type { Limits } from './limits.ts'

/** A container that exists, or the one this operation creates. */
export type ContainerTarget = { readonly kind: 'existing'; readonly id: string; readonly name: string } | { readonly kind: 'created' }

/** The engine in a running container; its address is found from what the runtime says of the container. */
export interface EngineTarget {
  readonly gameId: string
  readonly containerId: string
  readonly containerName: string
  readonly network: string
  readonly port: number
}

/** One runtime or engine call, as data; each says why in an operator's words. */
export type Action = { readonly reason: string } & (
  | { readonly kind: 'pull_image'; readonly imageRef: string }
  | { readonly kind: 'create_network'; readonly network: string }
  | { readonly kind: 'create_container'; readonly name: string; readonly spec: AcceptedSpec }
  | { readonly kind: 'start_container'; readonly target: ContainerTarget }
  | { readonly kind: 'stop_container'; readonly target: ContainerTarget; readonly graceMs: number }
  | { readonly kind: 'remove_container'; readonly target: ContainerTarget; readonly force: boolean }
  | { readonly kind: 'rename_container'; readonly target: ContainerTarget; readonly name: string }
  | { readonly kind: 'update_limits'; readonly target: ContainerTarget; readonly limits: Limits }
  | { readonly kind: 'purge_state'; readonly path: string }
  /** Null: in the container that the operation starts; announced before, so that the target is not known yet. */
  | { readonly kind: 'init_engine'; readonly engine: EngineTarget | null; readonly races: readonly string[] }
  /** Computes this turn, unless it is computed already: the number and the incarnation make the engine's idempotency key. */
  | { readonly kind: 'compute_turn'; readonly engine: EngineTarget; readonly turn: number; readonly incarnation: number }
)

export type ActionKind = Action['kind']

/** What an action acts on: a container, or the name of something else. */
export function objectOf(action: Action): ContainerTarget | string {
  switch (action.kind) {
    case 'pull_image':
      return action.imageRef
    case 'create_network':
      return action.network
    case 'create_container':
      return action.name
    case 'purge_state':
      return action.path
    case 'init_engine':
      return action.engine === null ? { kind: 'created' } : containerOf(action.engine)
    case 'compute_turn':
      return containerOf(action.engine)
    case 'start_container':
    case 'stop_container':
    case 'remove_container':
    case 'rename_container':
    case 'update_limits':
      return action.target
  }
}

function containerOf({ containerId, containerName }: EngineTarget): ContainerTarget {
  return { kind: 'existing', id: containerId, name: containerName }
}
