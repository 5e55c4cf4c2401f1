import type { Plan } from '../../model/plan.ts'
import { cleanupOf, isAskedFor } from './cleanup.ts'
import { conditionsOf } from './conditions.ts'
import { pausedByHuman } from './deletion.ts'
import { isHeldBack, planHeldBack } from './held-back.ts'
import type { PlanInput } from './input.ts'
import { act, conclude, removeAction, stopAction } from './operations.ts'

/** Desired stopped: stop what runs, record it, and remove the container once the cleanup TTL has passed. */
export function planStopped(input: PlanInput): Plan {
  const { containers } = input.observed
  const paused = containers.find((container) => container.state === 'paused')
  if (paused !== undefined) return pausedByHuman(input, paused.name)
  const running = containers.filter((container) => container.state === 'running' || container.state === 'restarting')
  const reason = `desired stopped (${input.desired?.stopReason ?? 'no reason'})`
  if (running.length > 0) {
    if (input.openOperation === null && isHeldBack(input)) return planHeldBack(input, null)
    return act(input, {
      wanted: { op: 'stop' },
      reason,
      actions: running.map((container) => stopAction(input, container, reason)),
      record: { kind: 'stopped' },
      closes: true,
      conditions: conditionsOf(input, { ready: { status: 'False', reason: 'Stopping', message: reason }, progressing: reason }),
    })
  }
  return planAtRest(input, reason)
}

function planAtRest(input: PlanInput, reason: string): Plan {
  const conditions = conditionsOf(input, { ready: { status: 'False', reason: 'Stopped', message: reason } })
  const open = input.openOperation
  if (open !== null && open.op !== 'stop' && open.detail !== 'cleanup') {
    return conclude(input, open.operationId, { code: 'conflict', message: `overtaken: ${reason}` }, { kind: 'stopped' }, conditions)
  }
  if (open !== null && (open.detail !== 'cleanup' || input.observed.containers.length === 0)) {
    return conclude(input, open.operationId, null, { kind: 'stopped' }, conditions)
  }
  if (input.record !== null && input.record.status !== 'stopped') {
    return { gameId: input.gameId, kind: 'settled', reason, conditions, record: { kind: 'stopped' }, wakeAtMs: input.nowMs }
  }
  return planCleanup(input, reason, conditions)
}

function planCleanup(input: PlanInput, reason: string, conditions: Plan['conditions']): Plan {
  const settled: Plan = { gameId: input.gameId, kind: 'settled', reason, conditions, record: { kind: 'none' }, wakeAtMs: null }
  if (input.observed.containers.length === 0 || (input.record === null && !isAskedFor(input))) return settled
  const { dueMs, wanted, reason: why } = cleanupOf(input, 'stopped')
  if (input.nowMs < dueMs) return { ...settled, wakeAtMs: dueMs }
  if (input.openOperation === null && isHeldBack(input)) return planHeldBack(input, null)
  return act(input, {
    wanted,
    reason: why,
    actions: input.observed.containers.map((container) => removeAction(container, why)),
    record: { kind: 'stopped' },
    closes: true,
    conditions,
  })
}
