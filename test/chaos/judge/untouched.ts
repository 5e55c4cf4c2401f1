import { touched } from '../../../simulator/judge/touched.ts'
import { isAlive } from '../../../simulator/world/container.ts'
import type { Entry } from '../../../simulator/world/history.ts'
import { gameOf, isOurs } from './labels.ts'
import type { Finding, Identity, Testimony } from './testimony.ts'

/** S2, and row 35 of the faults: what is not ours, or was run with --rm, is not stopped, removed or changed; nor are networks and images of others. */
export function judgeUntouched({ entries, identity }: Testimony): readonly Finding[] {
  const history = entries.map(({ entry }) => entry)
  return [...containers(history, identity), ...others(history, identity)]
}

function containers(history: readonly Entry[], identity: Identity): readonly Finding[] {
  return touched(history, 'docker').flatMap(({ container, kind, action, seq }): readonly Finding[] => {
    const name = `container ${container.name} (${container.id.slice(0, 12)})`
    if (!isOurs(container, identity)) return [{ promise: 'S2', message: `${kind} did ${action} to ${name}, which is not ours`, seq }]
    if (!container.hostConfig.AutoRemove || isSecondWriter(history, container.id, gameOf(container), seq)) return []
    return [{ promise: 'S2', message: `${kind} did ${action} to ${name}, which was run with --rm`, seq }]
  })
}

/** Spec 6, row 19: an end that no event told may be unknown for that long. */
const BLIND_MS = 30_000

/** S1 goes before: a second writer is stopped, whoever ran it. Whether the other one still runs may be unknown for a while. */
function isSecondWriter(history: readonly Entry[], id: string, game: string | null, seq: number): boolean {
  const ends = new Map<string, number>()
  let wasSecond = false
  for (const { seq: at, atMs, effect } of history) {
    if (at > seq) break
    if (effect.subject !== 'container') continue
    const container = effect.after ?? effect.before
    if (container === null || gameOf(container) !== game) continue
    if (effect.after !== null && isAlive(effect.after)) ends.set(effect.id, Infinity)
    else if (ends.get(effect.id) === Infinity) ends.set(effect.id, atMs)
    const others = [...ends].filter(([each, untilMs]) => each !== id && untilMs >= atMs - BLIND_MS)
    if (ends.get(id) === Infinity && others.length > 0) wasSecond = true
  }
  return wasSecond
}

function others(history: readonly Entry[], { instance }: Identity): readonly Finding[] {
  return history.flatMap(({ seq, origin, effect }): readonly Finding[] => {
    if (origin.caller !== 'docker') return []
    if (effect.subject === 'image' && (effect.action === 'delete' || effect.action === 'untag'))
      return [{ promise: 'S2', message: `${origin.kind} did ${effect.action} to image ${effect.id.slice(0, 19)}`, seq }]
    if (effect.subject !== 'network' || effect.action !== 'destroy') return []
    const labels = effect.before?.labels ?? {}
    if (labels['com.galaxy.owner'] === 'rtmanager' && labels['com.galaxy.instance'] === instance) return []
    return [{ promise: 'S2', message: `${origin.kind} removed network ${effect.before?.name ?? effect.id}, which is not ours`, seq }]
  })
}
