/** What asks for a turn: a tick of the schedule, or a turn token in the desired row. */
export type TurnCall =
  | { readonly kind: 'tick'; readonly atMs: number }
  | { readonly kind: 'token'; readonly token: string; readonly generation: number }

/** Why a tick, or a token, computed no turn (spec 4, "Turns"). */
export const SKIP_REASONS = ['paused', 'not_running', 'in_progress', 'missed_while_down', 'skip_next_tick'] as const
export type SkipReason = (typeof SKIP_REASONS)[number]

/** The ledger's row that has not ended yet: the engine is being asked for its number, or will be again. */
export interface OpenTurn {
  readonly id: string
  readonly call: TurnCall
  readonly turn: number
}

/** What a step of a plan means to the ledger. */
export type LedgerEntry =
  | { readonly kind: 'skip'; readonly atMs: number; readonly reason: SkipReason }
  | { readonly kind: 'skip_token'; readonly token: string; readonly generation: number; readonly reason: SkipReason }
  | { readonly kind: 'begin'; readonly call: TurnCall; readonly turn: number }
  /** The open one is tried again, by another operation. */
  | { readonly kind: 'retry' }
  /** The open one ends. */
  | { readonly kind: 'end'; readonly status: 'succeeded' | 'failed' | 'superseded'; readonly error: string | null }

/** The schedule's ticks that are due and not in the ledger yet, and the one to wake for. */
export interface Ticks {
  /** Epoch milliseconds, ascending; the latest ones where there are very many. */
  readonly due: readonly number[]
  readonly nextMs: number | null
}

export const NO_TICKS: Ticks = { due: [], nextMs: null }

export function isSameCall(a: TurnCall, b: TurnCall): boolean {
  if (a.kind === 'tick') return b.kind === 'tick' && a.atMs === b.atMs
  return b.kind === 'token' && a.token === b.token
}

/** As the operation log's `source_ref`. */
export function refOf(call: TurnCall): string {
  return call.kind === 'tick' ? `tick:${new Date(call.atMs).toISOString()}` : `turn_token:${call.token}`
}
