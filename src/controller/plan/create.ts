import type { Action } from '../../model/action.ts'
import type { AcceptedSpec } from '../../model/game.ts'
import type { PlanInput } from './input.ts'

export function createAndStart(name: string, spec: AcceptedSpec, reason: string): readonly Action[] {
  return [
    { kind: 'create_container', name, spec, reason },
    { kind: 'start_container', target: { kind: 'created' }, reason },
  ]
}

export function networkActions(input: PlanInput): readonly Action[] {
  if (input.network === 'present') return []
  return [{ kind: 'create_network', network: input.policy.networkName, reason: 'the network of the games is missing' }]
}
