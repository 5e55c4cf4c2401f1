import type { Action } from '../model/action.ts'
import type { Operation, OperationResult } from '../model/operation.ts'
import type { Change } from './change.ts'
import type { LoopDeps } from './deps.ts'
import type { Execution } from './execute.ts'
import { ledgerOf } from './ledger-of.ts'
import type { PlanInput } from './plan/input.ts'

// What a pass has done, for log, metrics and traces; each told once the database has it.

export function tellBegun(operation: Operation, { log, traces }: LoopDeps): void {
  const { gameId, operationId, op, detail, cause } = operation
  log.info({ gameId, operationId, op, detail, cause }, 'operation begun')
  traces.operationBegun(operation)
}

export function tellEnded(operation: Operation, result: OperationResult, deps: LoopDeps): void {
  const { gameId, operationId, op, detail, startedAt } = operation
  const failure = result.status === 'failed' ? { code: result.code, error: result.message } : {}
  deps.log.info({ gameId, operationId, op, detail, status: result.status, ...failure }, 'operation ended')
  deps.observer?.operationEnded({ gameId, op, detail, result, tookMs: Math.max(0, deps.clock.nowMs() - startedAt.getTime()) })
  deps.traces.operationEnded(operation, result)
}

/** One that was queued and never begun. */
export function tellDismissed(operationId: string, result: OperationResult, { gameId, queued }: PlanInput, deps: LoopDeps): void {
  deps.log.info({ gameId, operationId, status: result.status, code: result.code }, 'queued operation ended')
  const dismissed = queued.find((each) => each.operationId === operationId)
  if (dismissed === undefined) return
  deps.observer?.operationEnded({ gameId, op: dismissed.op, detail: dismissed.detail, result, tookMs: null })
}

export function tellTurns(change: Change, { observer, clock }: LoopDeps): void {
  const entries = ledgerOf(change)
  if (entries.length > 0) observer?.turnsTold(entries, clock.nowMs())
}

export function tellActions(actions: readonly Action[], { outcomes }: Execution, { observer }: LoopDeps): void {
  for (const [index, { kind }] of actions.entries()) {
    const ended = outcomes[index]
    if (ended === undefined || ended.outcome === 'not_attempted') continue
    observer?.actionEnded({ kind, outcome: ended.outcome, tookMs: ended.durationMs })
  }
}
