import type { Touch } from '../judge/touched.ts'
import type { Container } from '../world/container.ts'
import type { CallEntry, Entry } from '../world/history.ts'

/** An entry of the history, as it is given out. */
export function entryJson({ seq, atMs, atNs, origin, effect }: Entry): unknown {
  const { subject, action, id } = effect
  const common = { seq, atMs, atNs: String(atNs), ...origin, subject, action, id }
  if (effect.subject === 'name') return { ...common, name: effect.name }
  if (effect.subject === 'container')
    return { ...common, ...containerJson(effect.after ?? effect.before), isGone: effect.after === null, attributes: effect.attributes }
  if (effect.subject === 'network')
    return { ...common, name: (effect.after ?? effect.before)?.name, isGone: effect.after === null, attributes: effect.attributes }
  return { ...common, tags: effect.after?.tags ?? [], isGone: effect.after === null, attributes: effect.attributes }
}

export function callJson({ origin, ...call }: CallEntry): unknown {
  return { ...origin, ...call }
}

export function touchJson({ container, ...touch }: Touch): unknown {
  return { ...touch, id: container.id, ...containerJson(container) }
}

function containerJson(container: Container | null): object {
  if (container === null) return {}
  const { name, status, imageId, exitCode, config, hostConfig, mounts } = container
  const { NanoCpus, Memory, MemorySwap, PidsLimit } = hostConfig
  return { name, status, imageId, exitCode, labels: config.Labels ?? {}, limits: { NanoCpus, Memory, MemorySwap, PidsLimit }, mounts }
}
