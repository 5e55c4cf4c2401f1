import { overlaps } from '../../../simulator/judge/overlaps.ts'
import type { CallEntry, Entry } from '../../../simulator/world/history.ts'
import type { Finding, Testimony } from './testimony.ts'

/**
 * S1: no call of the controller begins a second container on a folder that one runs on.
 *
 * Nobody can know what a human started after the last look: a call is excused when the other container's life was begun by hand, and no list or inspect
 * that the controller had an honest answer of lies between that start and this call.
 */
export function judgeWriters({ entries, calls }: Testimony): readonly Finding[] {
  const history = entries.map(({ entry }) => entry)
  const bySeq = new Map(history.map((entry) => [entry.seq, entry]))
  return overlaps(history).flatMap((overlap) => {
    const began = bySeq.get(overlap.seq)
    if (began?.origin.caller !== 'docker') return []
    const call = calls.find(({ origin }) => origin.callId === overlap.callId)
    const others = overlap.running.map((id) => lastStart(history, id, overlap.seq))
    if (call !== undefined && others.every((other) => other !== undefined && isUnseen(other, call, calls))) return []
    const message = `the controller began ${overlap.began.slice(0, 12)} on ${overlap.folder}, where ${overlap.running.map((id) => id.slice(0, 12)).join(', ')} ran`
    return [{ promise: 'S1', message, seq: overlap.seq }]
  })
}

function lastStart(history: readonly Entry[], id: string, beforeSeq: number): Entry | undefined {
  return history.findLast(
    ({ seq, effect }) => seq < beforeSeq && effect.subject === 'container' && effect.id === id && effect.action === 'start',
  )
}

function isUnseen(start: Entry, call: CallEntry, calls: readonly CallEntry[]): boolean {
  if (start.origin.caller === 'docker') return false
  if (start.atMs >= call.atMs) return true
  return !calls.some(
    ({ origin, target, atMs, endedAtMs, status, faults }) =>
      origin.caller === 'docker' &&
      (origin.kind === 'container_list' || (origin.kind === 'container_inspect' && target === start.effect.id)) &&
      status === 200 &&
      !faults.includes('stale') &&
      !faults.includes('drop_answer') &&
      atMs > start.atMs &&
      endedAtMs < call.atMs,
  )
}
