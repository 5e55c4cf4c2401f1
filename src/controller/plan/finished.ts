import type { Plan } from '../../model/plan.ts'
import { type Cleanup, cleanupOf } from './cleanup.ts'
import { conditionsOf } from './conditions.ts'
import { pausedByHuman } from './deletion.ts'
import { isHeldBack, planHeldBack } from './held-back.ts'
import { isUp } from '../../model/observed.ts'
import type { PlanInput } from './input.ts'
import { act, stopAndRemove } from './operations.ts'
import { restartOf } from './replace.ts'

/**
 * The engine called its game finished: nothing is started any more, and after the TTL the container goes; only a new
 * generation or restart token starts the game again. Null when it is not finished.
 */
export function planFinished(input: PlanInput): Plan | null {
  if (!hasFinished(input)) return null
  const { record, observed } = input
  const isServed = observed.containers.some(isUp)
  const reason = `its game ended with turn ${record?.currentTurn ?? 0}${isServed ? '' : '; its container is not needed any more'}`
  const conditions = conditionsOf(input, { ready: { status: isServed ? 'True' : 'False', reason: 'Finished', message: reason } })
  const settled: Plan = { gameId: input.gameId, kind: 'settled', reason, conditions, record: { kind: 'none' }, wakeAtMs: null }
  if (observed.containers.length === 0 && input.openOperation === null) return settled
  const cleanup = cleanupOf(input, 'finished')
  return input.nowMs < cleanup.dueMs ? { ...settled, wakeAtMs: cleanup.dueMs } : planCleanup(input, cleanup, conditions)
}

function hasFinished({ record, desired, status, openOperation }: PlanInput): boolean {
  if (!isOver(record, desired)) return false
  return restartOf({ desired, status, record }) === null && (openOperation === null || openOperation.detail === 'cleanup')
}

/** Its engine has called it finished, and nothing that starts it again was asked for since. */
export function isOver(record: PlanInput['record'], desired: PlanInput['desired']): boolean {
  return record?.status === 'finished' && record.finishedGeneration === desired?.generation
}

function planCleanup(input: PlanInput, { wanted, reason }: Cleanup, conditions: Plan['conditions']): Plan {
  const { containers } = input.observed
  const paused = containers.find(({ state }) => state === 'paused')
  if (paused !== undefined) return pausedByHuman(input, paused.name)
  if (input.openOperation === null && isHeldBack(input)) return planHeldBack(input, null)
  return act(input, {
    wanted,
    reason,
    actions: containers.flatMap((container) => stopAndRemove(input, container, reason)),
    record: { kind: 'none' },
    closes: true,
    conditions,
  })
}
