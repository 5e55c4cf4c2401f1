import type { ObservedContainer } from '../../model/observed.ts'
import type { Plan } from '../../model/plan.ts'
import { conditionsOf, holding } from './conditions.ts'
import type { PlanInput } from './input.ts'
import { conclude } from './operations.ts'

/** The container runs and its engine cannot be spoken to: what is open has failed, the container is kept for inspection. */
export function notServing(input: PlanInput, current: ObservedContainer, why: string, wakeAtMs: number | null = null): Plan {
  const message = `the engine in ${current.name} is unreachable: ${why}`
  const conditions = conditionsOf(input, {
    ready: { status: 'False', reason: 'EngineUnreachable', message },
    extra: [holding('EngineUnreachable', 'ProbeFailed', message)],
  })
  const record = { kind: 'unreachable', containerId: current.id } as const
  const open = input.openOperation
  if (open !== null) return conclude(input, open.operationId, { code: 'engine_unreachable', message }, record, conditions)
  const isRecorded = input.record?.status === 'engine_unreachable'
  return {
    gameId: input.gameId,
    kind: 'settled',
    reason: message,
    conditions,
    record: isRecorded ? { kind: 'none' } : record,
    wakeAtMs,
  }
}
