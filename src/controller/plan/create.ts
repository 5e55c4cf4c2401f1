import type { Action } from '../../model/action.ts'
import type { AcceptedSpec, Player } from '../../model/game.ts'
import type { PlanInput } from './input.ts'

export function createAndStart(name: string, spec: AcceptedSpec, reason: string): readonly Action[] {
  return [
    { kind: 'create_container', name, spec, reason },
    { kind: 'start_container', target: { kind: 'created' }, reason },
  ]
}

/** A game that has none yet is initialised once its engine serves; announced at once, so that it costs no round trip of its own. */
export function announceInit({ record }: PlanInput, { protocol, players }: AcceptedSpec, reason: string): readonly Action[] {
  if (protocol !== 'galaxy' || players.length === 0 || record?.currentTurn != null) return []
  return [{ kind: 'init_engine', engine: null, races: racesOf(players), reason }]
}

export function racesOf(players: readonly Player[]): readonly string[] {
  return players.map(({ raceName }) => raceName)
}

export function networkActions(input: PlanInput): readonly Action[] {
  if (input.network === 'present') return []
  const reason = input.network === 'missing' ? 'the network of the games is missing' : 'the network of the games is there more than once'
  return [{ kind: 'create_network', network: input.policy.networkName, reason }]
}
