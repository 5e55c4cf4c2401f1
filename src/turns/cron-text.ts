import { type CronExpression, CronExpressionParser } from 'cron-parser'
import { messageOf } from '../model/errors.ts'

/** A cron text as the wall-clock times it names. No zone, no date and no instant is part of it, so it never grows old. */
export interface CronSchedule {
  /** Ascending, each list with at least one number: 0–23, 0–59, 0–59. */
  readonly hours: readonly number[]
  readonly minutes: readonly number[]
  readonly seconds: readonly number[]
  /** Bit n for month n, 1–12. */
  readonly months: number
  readonly days: DayRule
}

/** Cron's own rule: where both day fields are restricted, a day needs to satisfy only one of them. */
export interface DayRule {
  readonly by: 'month' | 'week' | 'either'
  /** Bit n for day n of the month, 1–31. */
  readonly daysOfMonth: number
  readonly isLastOfMonth: boolean
  /** Bit n for weekday n, 0 is Sunday; the same for those meant only in the last seven days of a month (`5L`). */
  readonly weekdays: number
  readonly lastWeekdays: number
  /** Which one of its weekday in the month a day has to be (`5#2`), 0 for any. */
  readonly nth: number
}

/**
 * Reads five or six fields (seconds first), 9 to 256 characters. Names, lists, ranges, steps, `?`, `L` and `#` are cron-parser's;
 * macros such as `@daily` and `H` are refused.
 *
 * @throws {RangeError} its message is what the text should have been.
 */
export function parseSchedule(text: string): CronSchedule {
  const fields = text.trim().split(/\s+/)
  if (text.length > MAX_LENGTH || fields.length < 5 || fields.length > 6) throw new RangeError(FORM)
  // Jenkins' H means "any fixed moment": here it would be another one after each parse. Thursday's name is the only other H.
  if (fields.some((field) => /H/.test(field.replace(/thu/gi, '')))) throw new RangeError(`${FORM}, without H`)
  try {
    return compact(CronExpressionParser.parse(fields.join(' '), { currentDate: 0, tz: 'UTC' }).fields)
  } catch (error) {
    const reason = messageOf(error)
    throw new RangeError(reason === NO_SUCH_DAY ? NEVER_DUE : `${FORM} (${reason})`, { cause: error })
  }
}

export const NEVER_DUE = 'a cron expression that comes due at least once'

const FORM = 'a cron expression of 5 or 6 fields such as "0 18 * * *"'
const MAX_LENGTH = 256
/** What cron-parser says of 30 February. */
const NO_SUCH_DAY = 'Invalid explicit day of month definition'

/** From the parsed fields alone: cron-parser's own search is not used, see ticks.ts. */
function compact({ hour, minute, second, month, dayOfMonth, dayOfWeek }: CronExpression['fields']): CronSchedule {
  // Typed as numbers and 'L', but weekdays also hold '5L'.
  const weekdays: readonly (number | string)[] = dayOfWeek.values
  return {
    hours: hour.values,
    minutes: minute.values,
    seconds: second.values,
    months: bits(month.values),
    days: {
      by: dayOfWeek.isWildcard ? 'month' : dayOfMonth.isWildcard ? 'week' : 'either',
      daysOfMonth: bits(dayOfMonth.values.filter((value) => typeof value === 'number')),
      isLastOfMonth: dayOfMonth.hasLastChar,
      weekdays: bits(weekdays.filter((value) => typeof value === 'number').map(sundayAsZero)),
      lastWeekdays: bits(weekdays.filter((value) => typeof value === 'string').map((value) => sundayAsZero(Number.parseInt(value, 10)))),
      nth: dayOfWeek.nthDay,
    },
  }
}

function sundayAsZero(weekday: number): number {
  return weekday % 7
}

function bits(values: readonly number[]): number {
  return values.reduce((mask, value) => mask | (1 << value), 0)
}
