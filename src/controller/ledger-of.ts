import type { LedgerEntry } from '../model/turn.ts'
import type { Change } from './change.ts'

/** What a step means to the ledger: a plan's entries go with its first write, a turn's end with its operation's. */
export function ledgerOf({ plan, isBeginning, isEnding }: Change): readonly LedgerEntry[] {
  if (plan.kind !== 'act' || isBeginning === true) return plan.ledger ?? []
  return isEnding?.status === 'succeeded' && asksForTurn(plan) ? [{ kind: 'end', status: 'succeeded', error: null }] : []
}

export function asksForTurn(plan: Change['plan']): boolean {
  return plan.kind === 'act' && plan.actions.some(({ kind }) => kind === 'compute_turn')
}
