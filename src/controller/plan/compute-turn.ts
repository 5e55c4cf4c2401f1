import type { AcceptedSpec } from '../../model/game.ts'
import type { ObservedContainer } from '../../model/observed.ts'
import type { Plan } from '../../model/plan.ts'
import { conditionsOf } from './conditions.ts'
import type { PlanInput } from './input.ts'
import { act, engineIn, type Wanted } from './operations.ts'
import { serves } from './serves.ts'

interface Computation {
  readonly turn: number
  readonly wanted: Wanted
  readonly reason: string
}

/** Has the engine compute a turn, or tell that it has. */
export function computeTurn(input: PlanInput, spec: AcceptedSpec, current: ObservedContainer, { turn, wanted, reason }: Computation): Plan {
  return act(input, {
    wanted,
    reason,
    actions: [{ kind: 'compute_turn', engine: engineIn(input, spec, current), turn, incarnation: input.status.stateIncarnation, reason }],
    record: { kind: 'running', containerId: current.id },
    closes: true,
    conditions: conditionsOf(input, {
      ready: { status: 'True', reason: 'ComputingTurn', message: `${current.name} computes turn ${turn}` },
      progressing: reason,
    }),
    conditionsAfter: serves(input, current),
  })
}
