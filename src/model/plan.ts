import { type Action, objectOf } from './action.ts'
import type { ConditionFact } from './condition.ts'
import type { LedgerEntry } from './turn.ts'
import type { ErrorCode, OperationDetail, OperationKind, OperationResult, OperationSource } from './operation.ts'

/** The operation a plan belongs to. */
export type PlannedOperation =
  | {
      readonly kind: 'open'
      readonly op: OperationKind
      readonly detail: OperationDetail | null
      readonly source: OperationSource
      readonly sourceRef: string | null
      /** The queued operation that is taken up; null: a new one. */
      readonly queuedId: string | null
    }
  | { readonly kind: 'continue'; readonly operationId: string }

/** What the record becomes once the plan's actions have succeeded. */
export type RecordChange =
  | { readonly kind: 'none' }
  /** A container was started, or is about to be; not known to serve yet. */
  | { readonly kind: 'starting' }
  | { readonly kind: 'running'; readonly containerId: string }
  | { readonly kind: 'unreachable'; readonly containerId: string }
  /** It runs; how its engine is, nobody has told this controller yet. */
  | { readonly kind: 'asked_anew' }
  /** A turn is being computed. */
  | { readonly kind: 'generating' }
  | { readonly kind: 'generation_failed' }
  | { readonly kind: 'paused'; readonly paused: boolean }
  /** An unrecorded container of the game is taken as it is. */
  | { readonly kind: 'adopted'; readonly containerId: string }
  | { readonly kind: 'stopped' }
  | { readonly kind: 'removed' }

/**
 * What to do about one game now. Only `act` touches the runtime; `conclude` closes an operation by what the world shows.
 * `wakeAtMs` (epoch) asks for another look even if nothing changes.
 */
export type Plan = {
  readonly gameId: string
  /** In an operator's words. */
  readonly reason: string
  readonly conditions: readonly ConditionFact[]
  readonly wakeAtMs: number | null
  /** What becomes of ticks and of the turn under way; written with the plan's first step. */
  readonly ledger?: readonly LedgerEntry[]
} & (
  | { readonly kind: 'settled'; readonly record: RecordChange }
  | { readonly kind: 'wait' }
  | { readonly kind: 'blocked'; readonly code: ErrorCode }
  | {
      readonly kind: 'act'
      readonly operation: PlannedOperation
      readonly actions: readonly Action[]
      /** Done in a later pass of the same operation, once the engine serves: their intents are committed with the others. */
      readonly later: readonly Action[]
      readonly record: RecordChange
      readonly closes: boolean
      /** What holds once it has succeeded; left out, the next pass says so. */
      readonly conditionsAfter?: readonly ConditionFact[]
    }
  | {
      readonly kind: 'conclude'
      readonly operationId: string
      readonly failure: { readonly code: ErrorCode; readonly message: string } | null
      /** What the lobby is to be told although the operation has done its part. */
      readonly notice?: { readonly code: ErrorCode; readonly message: string }
      readonly record: RecordChange
    }
  /** Nothing asks for this container, and it plainly is a game of ours: a desired row is made for it. */
  | { readonly kind: 'adopt_orphan'; readonly containerId: string }
  /** A queued operation that nothing is left to do for. */
  | { readonly kind: 'dismiss'; readonly operationId: string; readonly result: OperationResult }
  /** A deleted game of which nothing is left; its desired row may go. */
  | { readonly kind: 'forget' }
)

/** The plan as text: what will be done and why, then one line per action. Compared by tests, shown by `galaxy diff`. */
export function renderPlan(plan: Plan): string {
  const head = plan.kind === 'act' ? `${plan.gameId}: ${operationName(plan.operation)}` : `${plan.gameId}: ${plan.kind}`
  const actions =
    plan.kind === 'act' ? [...plan.actions, ...plan.later].map((action) => `  ${action.kind} ${nameOf(action)}: ${action.reason}`) : []
  return [`${head}: ${plan.reason}`, ...actions].join('\n')
}

function operationName(operation: PlannedOperation): string {
  if (operation.kind === 'continue') return 'continue'
  return operation.detail === null ? operation.op : `${operation.op}/${operation.detail}`
}

function nameOf(action: Action): string {
  const object = objectOf(action)
  if (typeof object === 'string') return object
  return object.kind === 'created' ? 'the new container' : `${object.name} (${object.id.slice(0, 12)})`
}
