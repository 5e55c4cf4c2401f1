import type { AcceptedSpec } from './game.ts'
import type { Limits } from './limits.ts'

/** A container that exists, or the one this operation creates. */
export type ContainerTarget = { readonly kind: 'existing'; readonly id: string; readonly name: string } | { readonly kind: 'created' }

/** One runtime call, as data; each says why in an operator's words. */
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
    case 'start_container':
    case 'stop_container':
    case 'remove_container':
    case 'rename_container':
    case 'update_limits':
      return action.target
  }
}
