import type { Difference } from '../../model/difference.ts'
import type { AcceptedSpec } from '../../model/game.ts'
import { formatMemory, type Limits } from '../../model/limits.ts'
import type { ObservedContainer } from '../../model/observed.ts'
import { matchesHash } from '../../model/spec-hash.ts'
import type { PlanInput } from './input.ts'

/** What of a container is otherwise than the spec in force asks for. */
export function containerDifferences(
  { record, status }: PlanInput,
  spec: AcceptedSpec,
  container: ObservedContainer,
): readonly Difference[] {
  return [
    ...ofState(container),
    ...ofImage(spec, container),
    ...ofHash(spec, status.acceptedSpec, container),
    ...ofLimits(spec.limits, container.detail?.limits ?? record?.limits ?? null, record?.limits ?? null),
  ]
}

function ofState({ name, state, detail }: ObservedContainer): readonly Difference[] {
  if (state === 'running') return []
  const why =
    state === 'paused'
      ? `somebody froze container ${name} (docker pause)`
      : state === 'exited'
        ? `container ${name} ended${detail === null ? '' : detail.isOomKilled ? ', out of memory' : ` with exit code ${detail.exitCode}`}`
        : `container ${name} is ${state}`
  return [{ side: 'accepted', field: 'state', wanted: 'running', found: state, why }]
}

function ofImage(spec: AcceptedSpec, { imageId, imageRef, labels }: ObservedContainer): readonly Difference[] {
  const hasOtherHash = labels.specHash !== null && !matchesHash(spec, labels.specHash)
  const hasOtherImage = imageId !== spec.imageId
  // Without our hash, of a container made by hand, only the image counts.
  if (!hasOtherImage && !hasOtherHash) return []
  const reference = labels.engineImageRef ?? imageRef
  const { engineVersion } = labels
  return [
    ...(reference === spec.imageRef && hasOtherImage ? [movedImage(spec, imageId)] : []),
    ...(reference === spec.imageRef ? [] : [madeWith('image', spec.imageRef, reference)]),
    ...(engineVersion === spec.engineVersion ? [] : [madeWith('engineVersion', spec.engineVersion, engineVersion)]),
  ]
}

function movedImage(spec: AcceptedSpec, imageId: string): Difference {
  const why = `${spec.imageRef} meant another image when the container was made`
  return { side: 'accepted', field: 'imageId', wanted: spec.imageId, found: imageId, why }
}

/** Fields that a container is made with and that its hash covers, beside image and version. */
const HASHED = ['engine', 'command', 'env', 'publish', 'relax', 'network', 'state'] as const

/**
 * A container carries only the hash of what it was made from. Where that was the spec accepted before, the two are compared
 * field by field; where it is not known any more, that something differs is all that can be said.
 */
function ofHash(spec: AcceptedSpec, before: AcceptedSpec | null, { labels }: ObservedContainer): readonly Difference[] {
  const { specHash, engineImageRef, engineVersion } = labels
  if (specHash === null || matchesHash(spec, specHash)) return []
  if (before !== null && matchesHash(before, specHash))
    return HASHED.filter((field) => JSON.stringify(spec[field]) !== JSON.stringify(before[field])).map((field) =>
      madeWith(field, spec[field], before[field]),
    )
  // Image and version explain it, and whether anything else does is not known.
  if (engineImageRef !== spec.imageRef || engineVersion !== spec.engineVersion) return []
  const why = 'command, environment, ports, hardening, network or state folder are not those that the container was made with'
  return [{ side: 'accepted', field: 'spec', wanted: spec.specHash, found: specHash, why }]
}

function madeWith(field: string, wanted: unknown, found: unknown): Difference {
  return { side: 'accepted', field, wanted, found, why: 'the container was made with it' }
}

function ofLimits(wanted: Limits, found: Limits | null, recorded: Limits | null): readonly Difference[] {
  if (found === null) return []
  return (['cpus', 'memoryBytes', 'pids'] as const)
    .filter((limit) => wanted[limit] !== found[limit])
    .map((limit) => ({
      side: 'accepted',
      field: limit === 'memoryBytes' ? 'resources.memory' : `resources.${limit}`,
      wanted: shown(limit, wanted[limit]),
      found: shown(limit, found[limit]),
      why: recorded?.[limit] === wanted[limit] ? 'changed from outside' : 'a new limit, not applied yet',
    }))
}

function shown(limit: keyof Limits, value: number | null): unknown {
  return limit === 'memoryBytes' && value !== null ? formatMemory(value) : value
}
