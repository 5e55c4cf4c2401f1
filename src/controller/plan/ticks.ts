import type { Plan } from '../../model/plan.ts'
import type { LedgerEntry, SkipReason } from '../../model/turn.ts'
import type { PlanInput } from './input.ts'

type Skip = Extract<LedgerEntry, { kind: 'skip' }>

export interface TickVerdict {
  readonly skips: readonly Skip[]
  /** The tick that a turn is to be computed for now. */
  readonly run: number | null
}

/** What becomes of the due ticks of a game that serves: at most the last of them is run (spec 4, "Turns"). */
export function judgeTicks(input: PlanInput): TickVerdict {
  const { due } = input.ticks
  const last = due.at(-1)
  const reasons = due.map((atMs, index) => ({ atMs, reason: reasonToSkip(input, atMs, index === 0, atMs === last) }))
  const run = reasons.find(({ reason }) => reason === null)?.atMs ?? null
  return { skips: reasons.flatMap(({ atMs, reason }) => (reason === null ? [] : [{ kind: 'skip', atMs, reason } as const])), run }
}

function reasonToSkip(input: PlanInput, atMs: number, isFirst: boolean, isLast: boolean): SkipReason | null {
  const { record, desired, activeSinceMs, lastTurn, policy } = input
  if (isFirst && record?.skipNextTick === true) return 'skip_next_tick'
  if (desired?.paused === true) return 'paused'
  if (atMs < activeSinceMs) return isLast && policy.catchUp === 'one' ? null : 'missed_while_down'
  if (!isLast || (lastTurn !== null && atMs > lastTurn.fromMs && atMs <= lastTurn.toMs)) return 'in_progress'
  return null
}

/**
 * A game that rests without serving: its due ticks pass without a turn, and the next one wakes it. While an operation is open
 * they wait for its end, since turns and lifecycle operations share the game's lock.
 */
export function withTicks(input: PlanInput, plan: Plan): Plan {
  if (plan.kind !== 'settled' && plan.kind !== 'wait' && plan.kind !== 'blocked') return plan
  const wakeAtMs = earliest(plan.wakeAtMs, input.ticks.nextMs)
  if (plan.ledger !== undefined || input.openOperation !== null || input.ticks.due.length === 0) return { ...plan, wakeAtMs }
  if (plan.kind === 'wait' && isAskedAnew(input)) return { ...plan, wakeAtMs }
  return { ...plan, wakeAtMs, ledger: input.ticks.due.map((atMs, index) => missed(input, atMs, index === 0)) }
}

/** A new controller has not heard the engine yet; that it runs and served before is known. */
function isAskedAnew({ health, record, observed }: PlanInput): boolean {
  return (
    health.kind === 'pending' && record?.status !== 'engine_unreachable' && observed.containers.some(({ state }) => state === 'running')
  )
}

/** Why no turn was even tried for a tick. */
export function missed({ desired, record, activeSinceMs }: PlanInput, atMs: number, isFirst: boolean): Skip {
  if (isFirst && record?.skipNextTick === true) return { kind: 'skip', atMs, reason: 'skip_next_tick' }
  const reason = desired?.paused === true ? 'paused' : atMs < activeSinceMs ? 'missed_while_down' : 'not_running'
  return { kind: 'skip', atMs, reason }
}

export function earliest(a: number | null, b: number | null): number | null {
  if (a === null) return b
  return b === null ? a : Math.min(a, b)
}
