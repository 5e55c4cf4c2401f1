import type { ActionKind } from './action.ts'

export const OPERATIONS = ['start', 'stop', 'pause', 'resume', 'restart', 'patch', 'force_next_turn', 'reconcile', 'turn'] as const
export type OperationKind = (typeof OPERATIONS)[number]

/** Whether an operation of this kind has the engine compute a turn. */
export function isTurn(op: OperationKind): boolean {
  return op === 'turn' || op === 'force_next_turn'
}

export const OPERATION_DETAILS = [
  'reconcile_adopt',
  'reconcile_dispose',
  'cleanup',
  'delete',
  'crash_restart',
  'resize',
  'duplicate',
] as const
export type OperationDetail = (typeof OPERATION_DETAILS)[number]

export const OPERATION_SOURCES = ['lobby', 'admin', 'scheduler', 'reconciler'] as const
export type OperationSource = (typeof OPERATION_SOURCES)[number]

export const ERROR_CODES = [
  'start_config_invalid',
  'image_pull_failed',
  'container_start_failed',
  'conflict',
  'patch_semver_incompatible',
  'service_unavailable',
  'engine_unreachable',
  'not_found',
  'internal_error',
] as const
export type ErrorCode = (typeof ERROR_CODES)[number]

/** One lifecycle change, made of actions: a row of `operation_log`. */
export interface Operation {
  readonly operationId: string
  readonly gameId: string
  readonly op: OperationKind
  readonly detail: OperationDetail | null
  readonly source: OperationSource
  readonly sourceRef: string | null
  readonly generation: number | null
  /** Why it was begun, in an operator's words. */
  readonly cause: string
  readonly startedAt: Date
  /** Actions logged so far; the next one's sequence number. */
  readonly actionCount: number
  /** Whether a container was started in it: one that has ended since is a failure of this operation, not its next step. */
  readonly hasStarted: boolean
  /** Actions begun of which no outcome is known: closed by looking at the world, never by guessing. */
  readonly openIntents: readonly OpenIntent[]
}

/** An operation that was asked for and has not begun; it is taken up by the plan that does what it wants. */
export interface QueuedOperation {
  readonly operationId: string
  readonly op: OperationKind
  readonly detail: OperationDetail | null
  readonly source: OperationSource
  readonly sourceRef: string | null
  /** Of the desired row, as the request wrote it. */
  readonly generation: number
  /** What is to run then; null where the request is not about that. */
  readonly imageRef: string | null
}

/** What a desired row's `written_ref` begins with when an operation was queued beside it. */
export const QUEUED_REF = 'operation:'

/** As the operation log's `source_ref`. */
export function restartRef(token: string): string {
  return `restart_token:${token}`
}

export interface OpenIntent {
  readonly seq: number
  readonly kind: ActionKind
  /** A container id, a name, an image reference or a path; `created` for the container the operation itself makes. */
  readonly target: string
  /** Committed with the operation and not begun yet: its turn comes once the engine serves. */
  readonly isAnnounced?: boolean
}

/** How an operation ended; `replay_no_op` marks a success that found nothing to do. */
export type OperationResult =
  | { readonly status: 'succeeded'; readonly code: 'replay_no_op' | null }
  | { readonly status: 'failed'; readonly code: ErrorCode; readonly message: string }
