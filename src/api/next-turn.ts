import type { AcceptedSpec } from '../model/game.ts'
import type { Schedules } from '../turns/schedule.ts'

export interface TurnFacts {
  readonly accepted: AcceptedSpec | null
  /** Of the record; null where there is none. */
  readonly status: string | null
  /** Null before init. */
  readonly currentTurn: number | null
  readonly isWantedRunning: boolean
  readonly isPaused: boolean
  /** A forced turn takes the place of the next tick. */
  readonly skipsNextTick: boolean
}

/** When the next turn comes due by the accepted schedule; null where none does. */
export function nextTurnAt(facts: TurnFacts, schedules: Schedules, nowMs: number): Date | null {
  const { accepted, status, currentTurn, isWantedRunning, isPaused, skipsNextTick } = facts
  if (accepted === null || accepted.turnSchedule === null || accepted.protocol !== 'galaxy' || currentTurn === null) return null
  if (!isWantedRunning || isPaused || status === 'finished' || status === 'stopped') return null
  const { turnSchedule, timeZone } = accepted
  const next = (afterMs: number): number | null => schedules.nextTickMs(turnSchedule, timeZone, afterMs)
  const tickMs = next(nowMs)
  const dueMs = tickMs !== null && skipsNextTick ? next(tickMs) : tickMs
  return dueMs === null ? null : new Date(dueMs)
}
