import { type Backoff, type BackoffKind, backoffDelayMs, HEALTHY_RESET_MS } from '../model/backoff.ts'
import type { RuntimeFailure } from '../model/errors.ts'
import { isTurn, type OperationKind } from '../model/operation.ts'

/** An attempt of one game; failures are counted per game, whatever their kinds (spec 3, "Backoff"). */
export interface Attempt {
  readonly operationId: string
  readonly wish: string
  readonly nowMs: number
  /** Uniform in [0, 1). */
  readonly random: number
}

/** The waiting that a failed attempt earns; a terminal one waits for another wish, not for time. */
export function backoffAfter(
  before: Backoff | null,
  failure: Pick<RuntimeFailure, 'kind' | 'code' | 'message'>,
  op: OperationKind,
  attempt: Attempt,
): Backoff {
  const isForgotten =
    before?.notBeforeMs != null && before.kind !== 'CrashLoopBackOff' && attempt.nowMs - before.notBeforeMs >= HEALTHY_RESET_MS
  const counted = count(isForgotten ? null : before, attempt)
  return {
    ...counted,
    kind: kindOf(failure, op),
    notBeforeMs: failure.kind === 'terminal' ? null : attempt.nowMs + counted.delayMs,
    message: failure.message,
  }
}

/** A container that was started again by itself: the next crash waits, counted from its exit. */
export function backoffAfterCrash(before: Backoff | null, message: string, ranWell: boolean, attempt: Attempt): Backoff {
  return { ...count(ranWell ? null : before, attempt), kind: 'CrashLoopBackOff', notBeforeMs: 0, message }
}

function count(
  before: Backoff | null,
  { operationId, wish, nowMs, random }: Attempt,
): Pick<Backoff, 'failures' | 'delayMs' | 'operationId' | 'countedAtMs' | 'wish'> {
  const known = before !== null && before.wish === wish ? before : null
  const failures = known === null ? 1 : known.operationId === operationId ? known.failures : known.failures + 1
  return { failures, delayMs: backoffDelayMs(failures, random), operationId, countedAtMs: nowMs, wish }
}

function kindOf({ code }: Pick<RuntimeFailure, 'code'>, op: OperationKind): BackoffKind {
  if (op === 'reconcile') return 'ReconcileBackOff'
  switch (code) {
    case 'image_pull_failed':
      return 'ImagePullBackOff'
    case 'conflict':
      return 'NameConflict'
    case 'start_config_invalid':
      return 'StartConfigInvalid'
    case 'engine_unreachable':
      return isTurn(op) ? 'TurnFailed' : 'EngineUnreachable'
    default:
      return op === 'patch' ? 'PatchFailed' : 'StartBackOff'
  }
}
