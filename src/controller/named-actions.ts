import type { Operation } from '../model/operation.ts'
import type { Plan } from '../model/plan.ts'
import type { PlanInput } from './plan/input.ts'
import { nameIn } from './plan/replace.ts'

/** A successor's name carries the operation's id, which the pure plan could not know. */
export function namedActions(
  plan: Extract<Plan, { kind: 'act' }>,
  { operationId }: Operation,
  { canonicalName }: PlanInput,
): typeof plan.actions {
  return plan.actions.map((action) =>
    action.kind === 'create_container' ? { ...action, name: nameIn(operationId, canonicalName, action.name) } : action,
  )
}
