import type { EngineTarget } from '../model/action.ts'
import type { AcceptedSpec } from '../model/game.ts'
import type { ObservedGame } from '../model/observed.ts'
import type { RuntimeRecord } from '../model/record.ts'

export interface ProxiedGame {
  readonly gameId: string
  readonly spec: AcceptedSpec | null
  readonly record: RuntimeRecord | null
  readonly observed: ObservedGame
}

export type ServingEngine =
  | { readonly kind: 'serving'; readonly target: EngineTarget }
  /** Nobody can be asked now; `why` follows the game's name. */
  | { readonly kind: 'absent'; readonly why: string }

/**
 * Which engine answers for a game: that of its running container, also while it is paused, computes a turn or has finished. Whether it really
 * answers shows when it is asked; what the last probe said may be over.
 */
export function servingEngine({ gameId, spec, record, observed }: ProxiedGame): ServingEngine {
  // An address that nobody vouches for may have become another container's.
  if (!observed.isKnown) return { kind: 'absent', why: 'cannot be found: Docker cannot be read right now' }
  const running = observed.containers.find(({ state }) => state === 'running')
  if (running === undefined || spec === null) return { kind: 'absent', why: `does not run: its status is ${record?.status ?? 'none yet'}` }
  if (spec.protocol !== 'galaxy')
    return { kind: 'absent', why: `has an engine of protocol ${spec.protocol}, which takes no players' calls` }
  const { network, port } = spec
  return { kind: 'serving', target: { gameId, containerId: running.id, containerName: running.name, network, port } }
}
