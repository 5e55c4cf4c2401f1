import type { Plan } from '../../model/plan.ts'
import { conditionsOf } from './conditions.ts'
import { pausedByHuman } from './deletion.ts'
import { isHeldBack, planHeldBack } from './held-back.ts'
import { isUp, type PlanInput } from './input.ts'
import { act, stopAndRemove } from './operations.ts'
import { restartOf } from './replace.ts'

/**
 * The engine called its game finished: nothing is started any more, and after the TTL the container goes; only a new
 * generation or restart token starts the game again. Null when it is not finished.
 */
export function planFinished(input: PlanInput): Plan | null {
  const { record, desired, openOperation: open, observed, policy } = input
  if (record?.status !== 'finished' || record.finishedGeneration !== desired?.generation || restartOf(input) !== null) return null
  if (open !== null && open.detail !== 'cleanup') return null
  const isServed = observed.containers.some(isUp)
  const message = `its game ended with turn ${record.currentTurn ?? 0}${isServed ? '' : '; its container is not needed any more'}`
  const conditions = conditionsOf(input, { ready: { status: isServed ? 'True' : 'False', reason: 'Finished', message } })
  const settled: Plan = { gameId: input.gameId, kind: 'settled', reason: message, conditions, record: { kind: 'none' }, wakeAtMs: null }
  if (observed.containers.length === 0 && open === null) return settled
  const dueMs = record.lastOpAt.getTime() + policy.cleanupTtlMs
  if (open === null && input.nowMs < dueMs) return { ...settled, wakeAtMs: dueMs }
  const paused = observed.containers.find(({ state }) => state === 'paused')
  if (paused !== undefined) return pausedByHuman(input, paused.name)
  if (open === null && isHeldBack(input)) return planHeldBack(input, null)
  const reason = 'finished for longer than the cleanup time'
  return act(input, {
    wanted: { op: 'reconcile', detail: 'cleanup', source: 'reconciler' },
    reason,
    actions: observed.containers.flatMap((container) => stopAndRemove(input, container, reason)),
    record: { kind: 'none' },
    closes: true,
    conditions,
  })
}
