import { touched } from '../../../simulator/judge/touched.ts'
import { isOurs } from './labels.ts'
import { hasRival } from './rivals.ts'
import type { Finding, Testimony } from './testimony.ts'

/** S2, and row 35 of the faults: what is not ours, or was run with --rm, is not stopped, removed or changed; nor are networks and images of others. */
export function judgeUntouched(testimony: Testimony): readonly Finding[] {
  return [...containers(testimony), ...others(testimony)]
}

function containers(testimony: Testimony): readonly Finding[] {
  const touches = touched(
    testimony.entries.map(({ entry }) => entry),
    'docker',
  )
  const excused = new Map<number, boolean>()
  return touches.flatMap((touch): readonly Finding[] => {
    const { container, kind, action, seq, callId } = touch
    const name = `container ${container.name} (${container.id.slice(0, 12)})`
    if (!isOurs(container, testimony.identity))
      return [{ promise: 'S2', message: `${kind} did ${action} to ${name}, which is not ours`, seq }]
    if (!container.hostConfig.AutoRemove) return []
    // What a call leads to later is judged by what was there when it took effect.
    if (!excused.has(callId)) excused.set(callId, ENDING.has(kind) && hasRival(testimony, touch))
    if (excused.get(callId) === true) return []
    return [{ promise: 'S2', message: `${kind} did ${action} to ${name}, which was run with --rm`, seq }]
  })
}

/** S1 goes before: a second writer is stopped, whoever ran it. */
const ENDING: ReadonlySet<string> = new Set(['container_stop', 'container_remove'])

function others({ entries, identity: { instance } }: Testimony): readonly Finding[] {
  return entries.flatMap(({ entry: { seq, origin, effect } }): readonly Finding[] => {
    if (origin.caller !== 'docker') return []
    if (effect.subject === 'image' && (effect.action === 'delete' || effect.action === 'untag'))
      return [{ promise: 'S2', message: `${origin.kind} did ${effect.action} to image ${effect.id.slice(0, 19)}`, seq }]
    if (effect.subject !== 'network' || effect.action !== 'destroy') return []
    const labels = effect.before?.labels ?? {}
    if (labels['com.galaxy.owner'] === 'rtmanager' && labels['com.galaxy.instance'] === instance) return []
    return [{ promise: 'S2', message: `${origin.kind} removed network ${effect.before?.name ?? effect.id}, which is not ours`, seq }]
  })
}
