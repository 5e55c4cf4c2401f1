import type { AcceptedSpec } from '../../model/game.ts'
import { successorOperation } from '../../model/labels.ts'
import { isUp, type ObservedContainer } from '../../model/observed.ts'
import { matchesHash } from '../../model/spec-hash.ts'
import type { PlanInput } from './input.ts'
import { isHalfGone } from './operations.ts'

/** Whether a container is what the spec asks for. Without our hash (a v1 or hand-made container) only the image counts. */
export function matchesSpec(container: ObservedContainer, spec: AcceptedSpec): boolean {
  if (container.imageId !== spec.imageId) return false
  return container.labels.specHash === null || matchesHash(spec, container.labels.specHash)
}

/** A game's containers by the part each plays. */
export interface Cast {
  /** The one that is, or was last, the game. */
  readonly current: ObservedContainer | null
  /** A patch's half-made successor: never started under its own name. */
  readonly successor: ObservedContainer | null
  /** Stopped containers that an operation of ours made and no step needs any more. */
  readonly leftovers: readonly ObservedContainer[]
}

export function castOf(input: PlanInput): Cast {
  const { canonicalName, observed, record } = input
  const usable = observed.containers.filter((container) => !isHalfGone(container))
  const isSuccessor = (container: ObservedContainer): boolean =>
    successorOperation(canonicalName, container.name) !== null && container.state === 'created'
  const successors = usable.filter(isSuccessor).sort(newestFirst)
  const others = usable.filter((container) => !isSuccessor(container))
  const current =
    others.find(isUp) ??
    others.find((container) => container.id === record?.containerId) ??
    others.find((container) => container.name === canonicalName) ??
    others.find((container) => container.labels.operationId !== null) ??
    null
  const stale = others.filter((container) => container !== current && container.labels.operationId !== null)
  return { current, successor: successors[0] ?? null, leftovers: [...successors.slice(1), ...stale] }
}

function newestFirst(a: ObservedContainer, b: ObservedContainer): number {
  return b.createdAtMs - a.createdAtMs
}
