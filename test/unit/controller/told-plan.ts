import { type Plan, renderPlan } from '../../../src/model/plan.ts'
import type { LedgerEntry, TurnCall } from '../../../src/model/turn.ts'
import { NOW_MS } from '../../support/planning.ts'

/** The plan as an operator reads it, with what it means to the ledger and to the record; times in seconds from now. */
export function told(plan: Plan): string {
  const failure = plan.kind === 'conclude' ? [plan.failure === null ? '  succeeded' : `  failed ${plan.failure.code}`] : []
  const record = 'record' in plan && plan.record.kind !== 'none' ? [`  record ${plan.record.kind}`] : []
  return [renderPlan(plan), ...failure, ...(plan.ledger ?? []).map(line), ...record].join('\n')
}

/** Seconds from now until the plan wants another look; null: not before something happens. */
export function wakesIn({ wakeAtMs }: Plan): number | null {
  return wakeAtMs === null ? null : secondsFromNow(wakeAtMs)
}

function line(entry: LedgerEntry): string {
  switch (entry.kind) {
    case 'skip':
      return `  ledger skip ${secondsFromNow(entry.atMs)} ${entry.reason}`
    case 'skip_token':
      return `  ledger skip token ${entry.token} ${entry.reason}`
    case 'begin':
      return `  ledger begin ${nameOf(entry.call)} as turn ${entry.turn}`
    case 'retry':
      return '  ledger retry'
    case 'end':
      return `  ledger ${entry.status}${entry.error === null ? '' : `: ${entry.error}`}`
  }
}

function nameOf(call: TurnCall): string {
  return call.kind === 'tick' ? `tick ${secondsFromNow(call.atMs)}` : `token ${call.token}`
}

function secondsFromNow(ms: number): number {
  return (ms - NOW_MS) / 1_000
}
