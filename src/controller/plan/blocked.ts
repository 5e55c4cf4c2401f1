import type { ConditionFact, ConditionType } from '../../model/condition.ts'
import { isUp } from '../../model/observed.ts'
import type { ErrorCode, Operation } from '../../model/operation.ts'
import type { Plan } from '../../model/plan.ts'
import { conditionsOf, holding } from './conditions.ts'
import type { PlanInput } from './input.ts'
import { conclude, isOwn } from './operations.ts'

interface Block {
  readonly code: ErrorCode
  /** Reason of `Ready`. */
  readonly reason: string
  /** Of `Ready`; False unless nobody can tell. */
  readonly status?: ConditionFact['status']
  /** What is in the way and what to do, in an operator's words. */
  readonly message: string
  /** The condition that tells it, and its reason. */
  readonly holds: readonly [ConditionType, string]
}

/** Nothing may be done until somebody has changed something; the conditions say what. An operation that is open ends by that (S4). */
export function blocked(input: PlanInput, { code, reason, status = 'False', message, holds: [type, why] }: Block): Plan {
  const conditions = conditionsOf(input, { ready: { status, reason, message }, extra: [holding(type, why, message)] })
  const open = input.openOperation
  if (open !== null)
    return conclude(input, open.operationId, isReached(input, open) ? null : { code, message }, { kind: 'none' }, conditions)
  return { gameId: input.gameId, kind: 'blocked', code, reason: message, conditions, wakeAtMs: null }
}

/** What the controller had set out to do by itself, and need not any more. */
function isReached({ observed }: PlanInput, open: Operation): boolean {
  return isOwn(open) && (open.detail !== 'duplicate' || observed.containers.filter(isUp).length <= 1)
}
