import type { Touch } from '../../../simulator/judge/touched.ts'
import { isAlive } from '../../../simulator/world/container.ts'
import type { CallEntry } from '../../../simulator/world/history.ts'
import { gameOf, isOurs } from './labels.ts'
import type { Testimony } from './testimony.ts'

/** What was inspected that lately needs no other inspect. */
const LATELY_MS = 5_000

/** Spec 6, row 19: an end that no event told may be unknown for that long. */
const BLIND_MS = 30_000

/**
 * Whether another container of ours makes this one superfluous at the moment of the touch: for one that runs, another that runs (S1), or ran when it was inspected
 * before (spec 6, row 23); for one that has ended, any other that is there, or has gone lately by another hand than the controller's.
 */
export function hasRival({ entries, calls, identity }: Testimony, touch: Touch): boolean {
  const { container, seq: beforeSeq, atMs: nowMs } = touch
  const game = gameOf(container)
  const untilMs = new Map<string, number>()
  for (const { entry } of entries) {
    if (entry.seq >= beforeSeq) break
    const { effect, origin, atMs } = entry
    if (effect.subject !== 'container' || effect.id === container.id) continue
    const isOne = effect.after !== null && gameOf(effect.after) === game && isOurs(effect.after, identity)
    if (isOne && (isAlive(effect.after) || !isAlive(container))) untilMs.set(effect.id, Infinity)
    else if (untilMs.get(effect.id) === Infinity)
      untilMs.set(effect.id, origin.caller === 'docker' && !isAlive(container) ? -Infinity : atMs)
  }
  const sinceMs = (id: string): number => (isAlive(container) ? seenAtMs(calls, id, touch) : nowMs - BLIND_MS)
  return [...untilMs].some(([id, endMs]) => endMs === Infinity || endMs >= sinceMs(id))
}

/**
 * When the controller asked for the other one, on its way to this touch: by an inspect after which it went on calling for the two of them. Now, where it did not ask.
 */
function seenAtMs(calls: readonly CallEntry[], other: string, { container, callId, atMs: nowMs }: Touch): number {
  let fromMs = nowMs
  for (const { origin, target, atMs, endedAtMs, status, faults } of calls.toReversed()) {
    if (endedAtMs < fromMs - LATELY_MS) break
    const isOnTheWay = origin.caller === 'docker' && (endedAtMs <= nowMs || origin.callId === callId)
    if (!isOnTheWay || (target !== other && target !== container.id)) continue
    if (target === other && origin.kind === 'container_inspect' && status === 200 && !faults.includes('drop_answer')) return atMs
    fromMs = Math.min(fromMs, atMs)
  }
  return nowMs
}
