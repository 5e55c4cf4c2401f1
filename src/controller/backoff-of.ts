import { type Backoff, type BackoffKind, backoffDelayMs, HEALTHY_RESET_MS } from '../model/backoff.ts'
import type { RuntimeFailure } from '../model/errors.ts'
import type { OperationKind } from '../model/operation.ts'

/** The waiting that a failed attempt earns; a terminal one waits for another wish, not for time. */
export function backoffAfter(
  before: Backoff | null,
  failure: Pick<RuntimeFailure, 'kind' | 'code' | 'message'>,
  attempt: { readonly op: OperationKind; readonly wish: string; readonly nowMs: number; readonly random: number },
): Backoff {
  const kind = kindOf(failure, attempt.op)
  const isRecent = before?.notBeforeMs == null || attempt.nowMs - before.notBeforeMs < HEALTHY_RESET_MS
  const failures = before?.kind === kind && before.wish === attempt.wish && isRecent ? before.failures + 1 : 1
  const delayMs = backoffDelayMs(failures, attempt.random)
  return { kind, failures, delayMs, notBeforeMs: failure.kind === 'terminal' ? null : attempt.nowMs + delayMs, message: failure.message, wish: attempt.wish }
}

/** A container that was started again by itself: the next crash waits, counted from its exit. */
export function backoffAfterCrash(before: Backoff | null, attempt: { readonly wish: string; readonly random: number; readonly isFresh: boolean; readonly message: string }): Backoff {
  const counts = before?.kind === 'CrashLoopBackOff' && before.wish === attempt.wish && !attempt.isFresh
  const failures = counts ? before.failures + 1 : 1
  return { kind: 'CrashLoopBackOff', failures, delayMs: backoffDelayMs(failures, attempt.random), notBeforeMs: 0, message: attempt.message, wish: attempt.wish }
}

function kindOf({ code }: Pick<RuntimeFailure, 'code'>, op: OperationKind): BackoffKind {
  switch (code) {
    case 'image_pull_failed':
      return 'ImagePullBackOff'
    case 'conflict':
      return 'NameConflict'
    case 'start_config_invalid':
      return 'StartConfigInvalid'
    case 'engine_unreachable':
      return 'EngineUnreachable'
    default:
      return op === 'patch' ? 'PatchFailed' : 'StartBackOff'
  }
}
