import type { EngineState } from '../../model/engine.ts'
import type { ObservedContainer } from '../../model/observed.ts'
import type { AcceptedSpec } from '../../model/game.ts'
import type { Plan } from '../../model/plan.ts'
import { isSameCall, type LedgerEntry, type OpenTurn, refOf, type TurnCall } from '../../model/turn.ts'
import { computeTurn } from './compute-turn.ts'
import { conditionsOf, holding } from './conditions.ts'
import { standingBackoff } from './held-back.ts'
import type { PlanInput } from './input.ts'
import { earliest, judgeTicks } from './ticks.ts'

/** The end of an open turn that its engine has computed after all, or never will; null when it still has to be asked for. */
export function settleOpenTurn(input: PlanInput, state: EngineState): Plan | null {
  const { openTurn } = input
  if (openTurn === null) return null
  if (state.turn >= openTurn.turn) return ended(input, 'succeeded', null)
  return state.finished ? ended(input, 'failed', `its game ended with turn ${state.turn}`) : null
}

/** A turn to compute, to try again or to give up for a game that serves; null when none is due. */
export function planTurn(input: PlanInput, spec: AcceptedSpec, current: ObservedContainer, state: EngineState): Plan | null {
  const forced = forcedCall(input)
  const { skips, run } = judgeTicks(input)
  const call: TurnCall | null = forced ?? (run === null ? null : { kind: 'tick', atMs: run })
  if (input.openTurn !== null) return planOpenTurn(input, spec, current, state, input.openTurn, { call, skips })
  // A forced turn takes no tick's place but the next one's: those due already are judged first.
  if (forced !== null && run !== null) return soon(input, [...skips, { kind: 'skip', atMs: run, reason: 'in_progress' }])
  if (call !== null) return compute(input, spec, current, state, call, [...skips, { kind: 'begin', call, turn: state.turn + 1 }])
  return skips.length === 0 ? null : rest(input, skips)
}

/** A new turn token asks once for a turn, also of a paused game. */
function forcedCall({ desired, status }: PlanInput): TurnCall | null {
  const token = desired?.turnToken ?? null
  if (token === null || token === status.handledTurnToken) return null
  return { kind: 'token', token, generation: desired?.generation ?? 0 }
}

interface Asked {
  readonly call: TurnCall | null
  readonly skips: readonly LedgerEntry[]
}

/** A turn that was begun and has not come to an end: the same number is asked for until something else takes its place. */
function planOpenTurn(
  input: PlanInput,
  spec: AcceptedSpec,
  current: ObservedContainer,
  state: EngineState,
  open: OpenTurn,
  { call, skips }: Asked,
): Plan {
  if (call?.kind === 'token' && !isSameCall(call, open.call)) return ended(input, 'superseded', 'a forced turn took its place')
  if (call !== null) return ended(input, 'failed', input.status.backoff?.message ?? 'the next tick came before it was computed')
  // A paused game computes no tick's turn, and going on does not make up for it.
  if (input.desired?.paused === true && open.call.kind === 'tick') return ended(input, 'failed', 'paused before it was computed')
  const notBeforeMs = heldUntilMs(input)
  if (notBeforeMs > input.nowMs) return waiting(input, open, notBeforeMs, skips)
  return compute(input, spec, current, state, open.call, [...skips, { kind: 'retry' }])
}

function heldUntilMs(input: PlanInput): number {
  const backoff = standingBackoff(input)
  if (backoff?.kind !== 'TurnFailed' || backoff.notBeforeMs === null) return 0
  // Further ahead than its own delay: the clock was set back since (fault 43).
  return backoff.notBeforeMs - input.nowMs > backoff.delayMs ? 0 : backoff.notBeforeMs
}

function compute(
  input: PlanInput,
  spec: AcceptedSpec,
  current: ObservedContainer,
  state: EngineState,
  call: TurnCall,
  ledger: readonly LedgerEntry[],
): Plan {
  const turn = state.turn + 1
  const reason = call.kind === 'tick' ? `turn ${turn} is due` : `a turn token asks for turn ${turn} now`
  const plan = computeTurn(input, spec, current, { turn, wanted: { ...operationOf(call), sourceRef: refOf(call) }, reason })
  return { ...plan, ledger }
}

function operationOf(call: TurnCall): { op: 'turn'; source: 'scheduler' } | { op: 'force_next_turn' } {
  return call.kind === 'tick' ? { op: 'turn', source: 'scheduler' } : { op: 'force_next_turn' }
}

function ended(input: PlanInput, status: 'succeeded' | 'failed' | 'superseded', error: string | null): Plan {
  return soon(input, [{ kind: 'end', status, error }])
}

/** The ledger first; what else is asked for comes at once. */
function soon(input: PlanInput, ledger: readonly LedgerEntry[]): Plan {
  return { ...rest(input, ledger), wakeAtMs: input.nowMs }
}

/** Nothing but the ledger changes. */
function rest(input: PlanInput, ledger: readonly LedgerEntry[]): Plan {
  const containerId = input.record?.containerId ?? ''
  return {
    gameId: input.gameId,
    kind: 'settled',
    reason: 'the ledger of turns is brought up to date',
    conditions: input.status.conditions,
    record: containerId === '' ? { kind: 'none' } : { kind: 'running', containerId },
    wakeAtMs: input.ticks.nextMs,
    ledger,
  }
}

function waiting(input: PlanInput, open: OpenTurn, atMs: number, skips: readonly LedgerEntry[]): Plan {
  const message = `turn ${open.turn} failed: ${input.status.backoff?.message ?? ''}; tried again at ${new Date(atMs).toISOString()}`
  return {
    gameId: input.gameId,
    kind: 'settled',
    reason: message,
    conditions: conditionsOf(input, {
      ready: { status: 'False', reason: 'GenerationFailed', message },
      extra: [holding('TurnFailed', `Failed${input.status.backoff?.failures ?? 0}Times`, message)],
    }),
    record: input.record?.status === 'generation_failed' ? { kind: 'none' } : { kind: 'generation_failed' },
    wakeAtMs: earliest(atMs, input.ticks.nextMs),
    ...(skips.length > 0 && { ledger: skips }),
  }
}
