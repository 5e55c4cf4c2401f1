import type { AcceptedSpec } from '../model/game.ts'
import { isAtRest, type RuntimeRecord } from '../model/record.ts'
import { NO_TICKS, type Ticks } from '../model/turn.ts'
import type { ScheduleView } from './deps.ts'
import type { PlanInput } from './plan/input.ts'

/**
 * Ticks since the last that is accounted for, and the next; none before init and after the end. A schedule that was changed since,
 * perhaps while no controller was there, has its ticks up to the change, the new one those after it.
 */
export function dueTicks(
  spec: AcceptedSpec | null,
  { record, desired, status, nowMs }: Pick<PlanInput, 'record' | 'desired' | 'status' | 'nowMs'>,
  schedules: ScheduleView,
): Ticks {
  if (spec === null || spec.protocol !== 'galaxy' || record?.currentTurn == null || isAtRest(record.status)) return NO_TICKS
  const nextMs = spec.turnSchedule === null ? null : schedules.nextTickMs(spec.turnSchedule, spec.timeZone, nowMs)
  if (record.ticksAfter === null) return { due: [], nextMs }
  const afterMs = record.ticksAfter.getTime()
  const isSame = record.turnSchedule === spec.turnSchedule && record.timeZone === spec.timeZone
  const changedMs = isSame ? afterMs : Math.min(inForceSinceMs({ desired, status, nowMs }), nowMs)
  const former = isSame ? [] : ticksIn(record, afterMs, changedMs, schedules)
  return { due: [...former, ...ticksIn(spec, Math.max(afterMs, changedMs), nowMs, schedules)].slice(-MAX_TICKS), nextMs }
}

/** After a long time without a controller only so many of the missed ticks are told one by one. */
const MAX_TICKS = 100

function ticksIn(
  { turnSchedule, timeZone }: Pick<RuntimeRecord, 'turnSchedule' | 'timeZone'>,
  afterMs: number,
  untilMs: number,
  schedules: ScheduleView,
): readonly number[] {
  if (turnSchedule === null || timeZone === null) return []
  return schedules.ticksBetween(turnSchedule, timeZone, afterMs, untilMs, MAX_TICKS).ticks
}

/**
 * When the accepted row was written, as far as that can be known: the row tells its last write alone, and what was refused before is in
 * force since it was accepted.
 */
function inForceSinceMs({ desired, status, nowMs }: Pick<PlanInput, 'desired' | 'status' | 'nowMs'>): number {
  const accepted = status.conditions.find(({ type }) => type === 'Accepted')
  if (desired === null || accepted?.status !== 'True') return nowMs
  return Math.max(desired.updatedAt.getTime(), Date.parse(accepted.lastTransitionTime))
}
