import type { Plan } from '../../model/plan.ts'
import type { LedgerEntry } from '../../model/turn.ts'
import type { PlanInput } from './input.ts'
import { missed } from './ticks.ts'

/**
 * What still waits when its game is stopped computes no turn any more, and gets its row in the ledger: ticks up to the stop, and a turn
 * token, whose turn after the next start would surprise whoever starts the game.
 */
export function withForgone(input: PlanInput, plan: Plan): Plan {
  const { desired, observed, record, nowMs } = input
  if (desired?.state !== 'stopped' || desired.deletedAt !== null || !observed.isKnown || record === null) return plan
  // A turn that is waited for tells nothing meanwhile; the stop comes after it.
  if (plan.kind === 'wait' && input.openOperation !== null) return plan
  const entries = [...forgoneTicks(input, desired.updatedAt.getTime()), ...forgoneToken(input)]
  if (entries.length === 0) return plan
  const isResting = plan.kind === 'settled' || plan.kind === 'wait' || plan.kind === 'blocked'
  // What was queued for the token is judged right after.
  return { ...plan, ledger: [...(plan.ledger ?? []), ...entries], ...(isResting && { wakeAtMs: nowMs }) }
}

/** A stopped game's ticks do not come due. */
function forgoneTicks(input: PlanInput, stoppedMs: number): readonly LedgerEntry[] {
  return input.ticks.due.filter((atMs) => atMs <= stoppedMs).map((atMs, index) => missed(input, atMs, index === 0))
}

function forgoneToken({ desired, status }: PlanInput): readonly LedgerEntry[] {
  const token = desired?.turnToken ?? null
  if (desired === null || token === null || token === status.handledTurnToken) return []
  return [{ kind: 'skip_token', token, generation: desired.generation, reason: 'not_running' }]
}
