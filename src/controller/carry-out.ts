import type { OperationResult } from '../model/operation.ts'
import type { Plan } from '../model/plan.ts'
import { adoptOrphan } from '../desired/adopt.ts'
import type { LoopDeps } from './deps.ts'
import { operate } from './operate.ts'
import type { PlanInput } from './plan/input.ts'
import type { Requeue } from './requeue.ts'
import { closeOperationOf, dismissQueued, forgetGame, openOperationOf, saveChange } from './write-ahead.ts'

/** Does what the plan says and writes what came of it; decides nothing about the game. */
export async function carryOut(plan: Plan, input: PlanInput, deps: LoopDeps): Promise<Requeue> {
  switch (plan.kind) {
    case 'act':
      return operate(plan, input, deps)
    case 'conclude': {
      const result: OperationResult = plan.failure === null ? { status: 'succeeded', code: null } : { status: 'failed', ...plan.failure }
      await closeOperationOf(openOperationOf(input), result, [], { plan, record: plan.record, failure: plan.failure }, input, deps)
      return { kind: 'now' }
    }
    case 'dismiss':
      await dismissQueued(plan.operationId, plan.result, input, deps)
      // Not "now", which is counted: a queue may be long, and it ends.
      return { kind: 'at', atMs: deps.clock.nowMs() }
    case 'adopt_orphan':
      for (const container of input.observed.containers)
        if (container.id === plan.containerId) await adoptOrphan(deps.db, input.gameId, container)
      return { kind: 'at', atMs: null }
    case 'forget':
      await saveChange({ plan, record: { kind: 'none' }, forget: true }, input, deps)
      forgetGame(input, deps)
      return { kind: 'at', atMs: null }
    case 'settled':
    case 'wait':
    case 'blocked':
      await saveChange({ plan, record: plan.kind === 'settled' ? plan.record : { kind: 'none' } }, input, deps)
      return { kind: 'at', atMs: plan.wakeAtMs }
  }
}
