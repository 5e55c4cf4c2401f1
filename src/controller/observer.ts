import type { ActionKind } from '../model/action.ts'
import type { OperationDetail, OperationKind, OperationResult } from '../model/operation.ts'
import type { LedgerEntry } from '../model/turn.ts'
import type { Lane } from './queue.ts'

/** How a pass ended, in controller-runtime's words. */
export type PassResult = 'success' | 'requeue' | 'requeue_after' | 'error'

export interface EndedOperation {
  readonly gameId: string
  readonly op: OperationKind
  readonly detail: OperationDetail | null
  readonly result: OperationResult
  /** Null where it was never begun. */
  readonly tookMs: number | null
}

export interface EndedAction {
  readonly kind: ActionKind
  /** Null: its end is not known. */
  readonly outcome: 'succeeded' | 'failed' | null
  readonly tookMs: number | null
}

/** Told of what the loop does, for metrics. It is told of what has happened, decides nothing, and must not throw. */
export interface LoopObserver {
  /** A key has come into a lane. */
  keyAdded(lane: Lane): void
  passBegun(lane: Lane, waitedMs: number): void
  passEnded(result: PassResult, tookMs: number): void
  /** A pass threw what nobody foresaw: a defect of ours (fault 49). */
  passBroke(): void
  operationEnded(ended: EndedOperation): void
  actionEnded(ended: EndedAction): void
  /** What became of ticks and turns, once it is written. */
  turnsTold(entries: readonly LedgerEntry[], nowMs: number): void
}
