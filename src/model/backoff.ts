/** Kinds of waiting that conditions tell apart. */
export type BackoffKind =
  | 'CrashLoopBackOff'
  | 'ImagePullBackOff'
  | 'EngineUnreachable'
  | 'StartConfigInvalid'
  | 'PatchFailed'
  | 'NameConflict'
  /** What the controller does by itself, such as ending a second writer. */
  | 'ReconcileBackOff'
  | 'StartBackOff'
  /** Holds turns back, and nothing else. */
  | 'TurnFailed'

/** Why and until when a game's next attempt waits; stored with its status, so that a restart of the controller keeps it. */
export interface Backoff {
  readonly kind: BackoffKind
  /** Attempts that failed in a row. */
  readonly failures: number
  /** Epoch milliseconds by the controller's clock; null waits for a change of the row, the registry or the configuration. */
  readonly notBeforeMs: number | null
  /** Delay that the next failure costs; a crashed container's counts from its exit. */
  readonly delayMs: number
  readonly message: string
  /** The operation counted last: one that is counted at its beginning is not counted again when it fails. */
  readonly operationId: string
  /** When that was, epoch milliseconds. */
  readonly countedAtMs: number
  /** Fingerprint of what the attempt was made from; another one cancels the waiting at once. */
  readonly wish: string
}

const FIRST_DELAY_MS = 1_000
const MAX_DELAY_MS = 300_000

/**
 * Delay before the attempt after `failures` failed ones: none after the first failure of a crash, then 1 s doubling to
 * 5 min, spread by ±10 % (spec 3, "Backoff").
 *
 * @param random uniform in [0, 1)
 */
export function backoffDelayMs(failures: number, random: number): number {
  if (failures <= 0) return 0
  const delayMs = Math.min(FIRST_DELAY_MS * 2 ** (failures - 1), MAX_DELAY_MS)
  return Math.round(delayMs * (0.9 + 0.2 * random))
}

/** How long a game must have run well for its failures to be forgotten. */
export const HEALTHY_RESET_MS = 600_000
