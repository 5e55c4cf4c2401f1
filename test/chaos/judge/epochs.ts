import type { Finding, LifeSpan, Testimony } from './testimony.ts'
import { text } from './testimony.ts'

/** Written by anybody who claims no epoch: the doors' tables, and an operation that is queued. */
const OPEN_TABLES: ReadonlySet<string> = new Set(['desired_games', 'engine_versions'])

/** S7: what was written as the controller's was written under the epoch of the lease at that moment; and no call begins after its life was killed. */
export function judgeEpochs({ writes, calls, entries, lives }: Testimony): readonly Finding[] {
  const stale = writes
    .filter(
      ({ table, op, after, claimedEpoch }) =>
        claimedEpoch !== null ||
        (!OPEN_TABLES.has(table) && !(table === 'operation_log' && op === 'INSERT' && text(after, 'status') === 'queued')),
    )
    .filter(({ claimedEpoch, currentEpoch, isLeaseValid }) => claimedEpoch === null || claimedEpoch !== currentEpoch || !isLeaseValid)
    .map(({ table, op, claimedEpoch, currentEpoch }): Finding => {
      const message = `${op} of ${table} was taken from epoch ${claimedEpoch ?? 'none'} while ${currentEpoch ?? 'none'} was current`
      return { promise: 'S7', message, seq: null }
    })
  const began = new Map(calls.map(({ origin, atMs }) => [origin.callId, atMs]))
  const late = entries.flatMap(({ entry: { seq, atMs, origin } }) => {
    if (origin.caller !== 'docker' || origin.kind === 'life') return []
    const beganMs = began.get(origin.callId) ?? atMs
    const gap = gapAt(lives, beganMs, seq)
    return gap === null ? [] : [{ promise: 'S7', message: `${origin.kind} began after life ${gap.number} was killed`, seq } as const]
  })
  return [...stale, ...late]
}

/** The life that had ended by then, where no other had begun. */
function gapAt(lives: readonly LifeSpan[], atMs: number, seq: number): LifeSpan | null {
  const last = lives.findLast(({ startedAtMs }) => startedAtMs <= atMs)
  if (last === undefined || last.endedAtMs === null || last.endedSeq === null) return null
  return atMs > last.endedAtMs && seq > last.endedSeq ? last : null
}
