import type { ObservedContainer } from '../../model/observed.ts'
import type { Plan } from '../../model/plan.ts'
import { conditionsOf } from './conditions.ts'
import type { PlanInput } from './input.ts'

/** The conditions of a game that runs as desired. */
export function serves(input: PlanInput, current: ObservedContainer, isInitialized = input.engine.kind === 'state'): Plan['conditions'] {
  const { engine, desired } = input
  if (engine.kind === 'state' && engine.state.finished) {
    return conditionsOf(input, {
      ready: { status: 'True', reason: 'Finished', message: `its game ended with turn ${engine.state.turn}` },
      isInitialized: true,
    })
  }
  const reason = desired?.paused === true ? 'Paused' : 'Running'
  return conditionsOf(input, {
    ready: { status: 'True', reason, message: `${current.name} serves` },
    isInitialized,
  })
}
