import type { OperationResult } from '../../model/operation.ts'
import type { Plan } from '../../model/plan.ts'
import type { PlanInput } from './input.ts'

/**
 * What becomes of queued operations that no plan took up, once the game is at rest: the newest found nothing to do, or can't be done; those
 * before it were overtaken (spec 3, "Verbs"). A wish that is not in memory yet is waited for.
 */
export function withQueued(input: PlanInput, plan: Plan): Plan {
  const [oldest] = input.queued
  const newest = input.queued.at(-1)
  const generation = input.desired?.generation ?? Number.POSITIVE_INFINITY
  if (oldest === undefined || newest === undefined || input.openOperation !== null || newest.generation > generation) return plan
  if ((plan.kind !== 'settled' && plan.kind !== 'blocked' && plan.kind !== 'forget') || (plan.ledger ?? []).length > 0) return plan
  const result = oldest === newest ? resultOf(plan) : overtakenBy(newest.op)
  return {
    gameId: input.gameId,
    kind: 'dismiss',
    operationId: oldest.operationId,
    result,
    reason: result.status === 'failed' ? result.message : 'what was asked for is so already',
    conditions: plan.conditions,
    wakeAtMs: null,
  }
}

function resultOf(plan: Plan): OperationResult {
  if (plan.kind === 'blocked') return { status: 'failed', code: plan.code, message: plan.reason }
  if (plan.kind === 'forget') return { status: 'failed', code: 'not_found', message: 'the game was deleted' }
  return { status: 'succeeded', code: 'replay_no_op' }
}

function overtakenBy(op: string): OperationResult {
  return { status: 'failed', code: 'conflict', message: `overtaken by a newer wish (${op})` }
}
