import type { AcceptedSpec } from '../../model/game.ts'
import type { Plan } from '../../model/plan.ts'
import { isAtRest } from '../../model/record.ts'
import { conditionsOf } from './conditions.ts'
import { announceInit, createAndStart, networkActions } from './create.ts'
import type { PlanInput } from './input.ts'
import { act, sameAgain, type Wanted } from './operations.ts'
import { planTakenName } from './other-deployment.ts'
import { planPull } from './replace.ts'

/** Nothing of the game is there: create it and start it. */
export function planMissing(input: PlanInput, spec: AcceptedSpec): Plan {
  const taken = planTakenName(input)
  if (taken !== null) return taken
  if (input.admission.kind === 'needs_image') return planPull(input, null)
  const why = whyMissing(input)
  return act(input, {
    wanted: why.wanted,
    reason: why.reason,
    actions: [...networkActions(input), ...createAndStart(input.canonicalName, spec, why.reason)],
    later: announceInit(input, spec, 'the engine gets its game'),
    record: { kind: 'starting' },
    closes: false,
    conditions: conditionsOf(input, { ready: { status: 'False', reason: 'Starting', message: why.reason }, progressing: why.reason }),
  })
}

function whyMissing(input: PlanInput): { wanted: Wanted; reason: string } {
  const { record, openOperation, desired } = input
  const wasUp = record !== null && !isAtRest(record.status) && record.containerId !== null
  if (wasUp && openOperation === null)
    return { wanted: { op: 'start', source: 'reconciler' }, reason: 'its container is gone; it is created again' }
  if (openOperation?.op === 'restart' || openOperation?.op === 'patch')
    return { wanted: sameAgain(openOperation), reason: 'its replacement is created again' }
  return { wanted: { op: 'start' }, reason: `desired running since generation ${desired?.generation ?? 0}` }
}
