import type { CronSchedule, DayRule } from './cron-text.ts'

/**
 * Wall-clock times are milliseconds as though the wall clock showed UTC: one number line without gaps and repeats, on which
 * a schedule is plain calendar arithmetic. `ticks.ts` maps it to instants.
 */

/** The first time of the schedule strictly after `wallMs`; null when there is none in the 400 years after which days repeat. */
export function nextWallMs(schedule: CronSchedule, wallMs: number): number | null {
  const second = Math.floor(wallMs / SECOND_MS) + 1
  const today = Math.floor(second / DAY_S)
  const day = findDay(schedule, today, 1)
  if (day === null) return null
  const time = day === today ? earliestTime(schedule, second - today * DAY_S) : earliestTime(schedule, 0)
  return time === Infinity ? nextWallMs(schedule, (today + 1) * DAY_MS - 1) : day * DAY_MS + time * SECOND_MS
}

/** The last time of the schedule at or before `wallMs`; null when there is none in 400 years. */
export function lastWallMs(schedule: CronSchedule, wallMs: number): number | null {
  const second = Math.floor(wallMs / SECOND_MS)
  const today = Math.floor(second / DAY_S)
  const day = findDay(schedule, today, -1)
  if (day === null) return null
  const time = day === today ? latestTime(schedule, second - today * DAY_S) : latestTime(schedule, DAY_S - 1)
  return time === -Infinity ? lastWallMs(schedule, today * DAY_MS - 1) : day * DAY_MS + time * SECOND_MS
}

const SECOND_MS = 1000
const DAY_S = 86_400
const DAY_MS = 86_400_000
/** The Gregorian calendar repeats, weekdays included, after 400 years: a day not found by then never comes. */
const MONTHS_OF_CYCLE = 4800
const THURSDAY = 4

/** Second of the day at or after `from`; Infinity when none is left. */
function earliestTime({ hours, minutes, seconds }: CronSchedule, from: number): number {
  const [hour, minute, second] = clockOf(from)
  if (hours.includes(hour)) {
    if (minutes.includes(minute)) {
      const inMinute = atOrAfter(seconds, second)
      if (inMinute !== Infinity) return timeOf(hour, minute, inMinute)
    }
    const inHour = atOrAfter(minutes, minute + 1)
    if (inHour !== Infinity) return timeOf(hour, inHour, atOrAfter(seconds, 0))
  }
  return timeOf(atOrAfter(hours, hour + 1), atOrAfter(minutes, 0), atOrAfter(seconds, 0))
}

/** Second of the day at or before `upTo`; -Infinity when there is none. */
function latestTime({ hours, minutes, seconds }: CronSchedule, upTo: number): number {
  const [hour, minute, second] = clockOf(upTo)
  if (hours.includes(hour)) {
    if (minutes.includes(minute)) {
      const inMinute = atOrBefore(seconds, second)
      if (inMinute !== -Infinity) return timeOf(hour, minute, inMinute)
    }
    const inHour = atOrBefore(minutes, minute - 1)
    if (inHour !== -Infinity) return timeOf(hour, inHour, atOrBefore(seconds, 59))
  }
  return timeOf(atOrBefore(hours, hour - 1), atOrBefore(minutes, 59), atOrBefore(seconds, 59))
}

function clockOf(time: number): readonly [hour: number, minute: number, second: number] {
  return [Math.floor(time / 3600), Math.floor(time / 60) % 60, time % 60]
}

function timeOf(hour: number, minute: number, second: number): number {
  return hour * 3600 + minute * 60 + second
}

function atOrAfter(values: readonly number[], from: number): number {
  return values.find((value) => value >= from) ?? Infinity
}

function atOrBefore(values: readonly number[], upTo: number): number {
  return values.findLast((value) => value <= upTo) ?? -Infinity
}

/** The nearest day of the schedule from `day` on, forwards or backwards, as days since 1970; a month costs one step, not 30. */
function findDay(schedule: CronSchedule, day: number, step: 1 | -1): number | null {
  const date = new Date(day * DAY_MS)
  let year = date.getUTCFullYear()
  let month = date.getUTCMonth()
  let eligible = step === 1 ? -1 << date.getUTCDate() : ~(-2 << date.getUTCDate())
  for (let months = 0; months <= MONTHS_OF_CYCLE; months += 1) {
    if ((schedule.months >> (month + 1)) & 1) {
      const first = Date.UTC(year, month, 1) / DAY_MS
      const days = daysOf(schedule.days, first, Date.UTC(year, month + 1, 1) / DAY_MS - first) & eligible
      if (days !== 0) return first - 1 + (step === 1 ? lowestBit(days) : highestBit(days))
    }
    eligible = -1
    month += step
    if (month === 12 || month === -1) {
      year += step
      month -= 12 * step
    }
  }
  return null
}

/** The days of one month that satisfy the rule: bit n for day n. */
function daysOf(rule: DayRule, firstDay: number, length: number): number {
  let days = 0
  for (let date = 1; date <= length; date += 1) {
    if (isDay(rule, date, length, weekdayOf(firstDay + date - 1))) days |= 1 << date
  }
  return days
}

function isDay(rule: DayRule, date: number, length: number, weekday: number): boolean {
  const isOfMonth = ((rule.daysOfMonth >> date) & 1) === 1 || (rule.isLastOfMonth && date === length)
  if (rule.by === 'month' || (rule.by === 'either' && isOfMonth)) return isOfMonth
  const isOfWeek = ((rule.weekdays >> weekday) & 1) === 1 && (rule.nth === 0 || Math.ceil(date / 7) === rule.nth)
  return isOfWeek || (((rule.lastWeekdays >> weekday) & 1) === 1 && date > length - 7)
}

function weekdayOf(day: number): number {
  return (((day + THURSDAY) % 7) + 7) % 7
}

function lowestBit(mask: number): number {
  return highestBit(mask & -mask)
}

function highestBit(mask: number): number {
  return 31 - Math.clz32(mask)
}
