import type { Backoff } from '../model/backoff.ts'
import type { EngineState } from '../model/engine.ts'
import type { ObservedContainer } from '../model/observed.ts'
import type { ErrorCode, OperationResult } from '../model/operation.ts'
import type { Plan, RecordChange } from '../model/plan.ts'

/** A step of a pass that may change what is stored of the game. */
export interface Change {
  readonly plan: Plan
  readonly record: RecordChange
  /** The operation's intents are being committed; nothing has been done yet. */
  readonly isBeginning?: boolean
  readonly isEnding?: OperationResult
  /** The container that the step started or changed. */
  readonly container?: ObservedContainer | null
  /** What the engine answered in this step. */
  readonly engine?: EngineState | null
  readonly failure?: { readonly code: ErrorCode; readonly message: string } | null
  readonly backoff?: Backoff
  /** Why a call may not have had its effect; the operation stays open for it. */
  readonly unanswered?: string
  readonly forget?: boolean
}
