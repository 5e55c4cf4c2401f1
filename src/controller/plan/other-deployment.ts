import { isUp, type ObservedContainer } from '../../model/observed.ts'
import type { Plan } from '../../model/plan.ts'
import { blocked } from './blocked.ts'
import type { PlanInput } from './input.ts'

/**
 * Another deployment's container writes this game's state, under whichever name: one of ours beside it would be the second writer (S1). Null where none
 * does, or where ours writes already.
 */
export function planOtherWriter(input: PlanInput): Plan | null {
  const { observed, policy } = input
  if (observed.containers.some(isUp)) return null
  const writer = observed.foreignDeployments.find((container) => isUp(container) && container.stateHostPath === policy.stateHostPath)
  if (writer === undefined) return null
  return taken(input, writer, writer.name === input.canonicalName ? '' : " and runs on this game's state")
}

/** The name of the game's container is another deployment's. Null where it is not. */
export function planTakenName(input: PlanInput): Plan | null {
  const holder = input.observed.foreignDeployments.find((container) => container.name === input.canonicalName)
  return holder === undefined ? null : taken(input, holder, '')
}

function taken(input: PlanInput, { name, labels }: ObservedContainer, how: string): Plan {
  const deployment = labels.deployment ?? 'unknown'
  const message = `container ${name} belongs to deployment ${deployment}${how}; end that deployment's controller, then take its containers over (galaxy adopt --deployment ${deployment}), or remove this one`
  return blocked(input, { code: 'conflict', reason: 'NameConflict', message, holds: ['NameConflict', 'OtherDeployment'] })
}
