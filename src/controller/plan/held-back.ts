import { type Backoff, HEALTHY_RESET_MS } from '../../model/backoff.ts'
import type { ConditionFact } from '../../model/condition.ts'
import type { ContainerDetail, ObservedContainer, Outage } from '../../model/observed.ts'
import type { Plan } from '../../model/plan.ts'
import { conditionsOf, holding } from './conditions.ts'
import type { PlanInput } from './input.ts'

/**
 * When a crashed container may be started again (epoch ms): at once the first time, then after a delay that counts from the
 * crash. Ten healthy minutes, a changed wish or an exit that came with the runtime's own restart void it.
 */
export function crashGateMs(input: PlanInput, { detail }: ObservedContainer): number {
  const { nowMs, observed } = input
  const backoff = standingBackoff(input)
  if (backoff?.kind !== 'CrashLoopBackOff' || detail?.finishedAtMs == null) return 0
  if (ranWell(detail) || fellWithRuntime(detail.finishedAtMs, observed.outage)) return 0
  // An exit far in the future is a clock that was set back; the daemon's may run a little ahead of ours.
  return detail.finishedAtMs - nowMs > CLOCK_SKEW_MS ? 0 : detail.finishedAtMs + backoff.delayMs
}

export function ranWell({ startedAtMs, finishedAtMs }: ContainerDetail): boolean {
  return startedAtMs !== null && finishedAtMs !== null && finishedAtMs - startedAtMs >= HEALTHY_RESET_MS
}

/**
 * A restart of the runtime takes its containers along; that is no crash loop of theirs, and neither is what was tried in vain
 * meanwhile. What comes after the runtime was seen again counts as ever.
 *
 * @param atMs of an exit or an attempt
 */
export function fellWithRuntime(atMs: number, outage: Outage | null): boolean {
  return outage !== null && atMs >= outage.fromMs - SHUTDOWN_MS && atMs < outage.toMs
}

const CLOCK_SKEW_MS = 60_000

/** dockerd stops containers for up to 15 s before it closes its streams. */
const SHUTDOWN_MS = 15_000

export function planCrashLoop(input: PlanInput, why: string, gateMs: number): Plan {
  const message = `${why}, ${input.status.backoff?.failures ?? 0} restarts so far; started again at ${new Date(gateMs).toISOString()}`
  return {
    gameId: input.gameId,
    kind: 'wait',
    reason: message,
    conditions: conditionsOf(input, {
      ready: { status: 'False', reason: 'CrashLoopBackOff', message },
      extra: [holding('CrashLoopBackOff', 'Crashed', message)],
    }),
    wakeAtMs: gateMs,
  }
}

/** The stored backoff, unless it is void: made from another wish, or counted while the runtime was going down. */
export function standingBackoff({ status, wish, observed, desired }: PlanInput): Backoff | null {
  const { backoff } = status
  if (backoff === null || fellWithRuntime(backoff.countedAtMs, observed.outage)) return null
  return backoff.wish === wish || desired === null ? backoff : null
}

/** Whether the last attempt's backoff still waits. One made from another wish is void: a change is tried at once. */
export function isHeldBack(input: PlanInput): boolean {
  const { nowMs } = input
  const backoff = standingBackoff(input)
  if (backoff === null || backoff.kind === 'TurnFailed') return false
  if (backoff.notBeforeMs === null) return true
  // Further ahead than its own delay: the clock was set back since (fault 43).
  return backoff.notBeforeMs > nowMs && backoff.notBeforeMs - nowMs <= backoff.delayMs
}

export function planHeldBack(input: PlanInput, current: ObservedContainer | null): Plan {
  const { backoff } = input.status
  const message = backoff === null ? '' : waiting(backoff)
  const runs = current?.state === 'running'
  return {
    gameId: input.gameId,
    kind: 'wait',
    reason: message,
    conditions: conditionsOf(input, {
      ready: {
        status: 'False',
        reason: backoff?.kind ?? 'BackOff',
        message: runs ? `${message}; ${current.name} keeps running as it was` : message,
      },
      extra: backoffConditions(backoff),
    }),
    wakeAtMs: backoff?.notBeforeMs ?? null,
  }
}

function backoffConditions(backoff: Backoff | null): readonly ConditionFact[] {
  return backoff === null ? [] : [holding(backoff.kind, `Failed${backoff.failures}Times`, backoff.message)]
}

function waiting(backoff: Backoff): string {
  if (backoff.notBeforeMs === null)
    return `${backoff.message}; not retried until the desired row, the registry or the configuration changes`
  return `${backoff.message}; next attempt at ${new Date(backoff.notBeforeMs).toISOString()}`
}
