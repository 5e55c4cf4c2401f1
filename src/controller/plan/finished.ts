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
  if (!hasFinished(input)) return null
  const { record, openOperation: open, observed } = input
  const isServed = observed.containers.some(isUp)
  const reason = `its game ended with turn ${record?.currentTurn ?? 0}${isServed ? '' : '; its container is not needed any more'}`
  const conditions = conditionsOf(input, { ready: { status: isServed ? 'True' : 'False', reason: 'Finished', message: reason } })
  const settled: Plan = { gameId: input.gameId, kind: 'settled', reason, conditions, record: { kind: 'none' }, wakeAtMs: null }
  if (open !== null) return planCleanup(input, conditions)
  if (observed.containers.length === 0) return settled
  const dueMs = (record?.lastOpAt.getTime() ?? 0) + input.policy.cleanupTtlMs
  return input.nowMs < dueMs ? { ...settled, wakeAtMs: dueMs } : planCleanup(input, conditions)
}

function hasFinished({ record, desired, status, openOperation }: PlanInput): boolean {
  if (record?.status !== 'finished' || record.finishedGeneration !== desired?.generation) return false
  return restartOf({ desired, status, record }) === null && (openOperation === null || openOperation.detail === 'cleanup')
}

function planCleanup(input: PlanInput, conditions: Plan['conditions']): Plan {
  const { containers } = input.observed
  const paused = containers.find(({ state }) => state === 'paused')
  if (paused !== undefined) return pausedByHuman(input, paused.name)
  if (input.openOperation === null && isHeldBack(input)) return planHeldBack(input, null)
  const reason = 'finished for longer than the cleanup time'
  return act(input, {
    wanted: { op: 'reconcile', detail: 'cleanup', source: 'reconciler' },
    reason,
    actions: containers.flatMap((container) => stopAndRemove(input, container, reason)),
    record: { kind: 'none' },
    closes: true,
    conditions,
  })
}
