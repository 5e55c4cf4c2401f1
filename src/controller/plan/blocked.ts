import type { ConditionFact, ConditionType } from '../../model/condition.ts'
import type { ErrorCode } from '../../model/operation.ts'
import type { Plan } from '../../model/plan.ts'
import { conditionsOf, holding } from './conditions.ts'
import type { PlanInput } from './input.ts'

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

/** Nothing may be done until somebody has changed something; the conditions say what. */
export function blocked(input: PlanInput, { code, reason, status = 'False', message, holds: [type, why] }: Block): Plan {
  const conditions = conditionsOf(input, { ready: { status, reason, message }, extra: [holding(type, why, message)] })
  return { gameId: input.gameId, kind: 'blocked', code, reason: message, conditions, wakeAtMs: null }
}
