import { CronExpressionParser } from 'cron-parser'
import { messageOf } from '../model/errors.ts'

/** What a turn schedule must be, or null when this one is good: five or six cron fields that come due at least once. */
export function scheduleObjection(schedule: string, timeZone: string): string | null {
  const fields = schedule.trim().split(/\s+/)
  if (schedule.length > MAX_SCHEDULE || fields.length < 5 || fields.length > 6) return FORM
  // Jenkins' H means "any fixed moment": here it would be another one after each restart.
  if (fields.some((field) => /\bH\b/.test(field))) return `${FORM}, without H`
  try {
    return CronExpressionParser.parse(schedule.trim(), { currentDate: 0, tz: isTimeZone(timeZone) ? timeZone : 'UTC' }).hasNext()
      ? null
      : 'a cron expression that comes due at least once'
  } catch (error) {
    return `${FORM} (${messageOf(error)})`
  }
}

const MAX_SCHEDULE = 256
const FORM = 'a cron expression of 5 or 6 fields such as "0 18 * * *"'

/** Whether it is a name of the IANA time zone database, as far as this runtime knows it. */
export function isTimeZone(name: string): boolean {
  // An offset such as +02:00 satisfies Intl too, but knows no summer time.
  if (!/^[A-Za-z][A-Za-z0-9_+/-]{1,63}$/.test(name)) return false
  try {
    new Intl.DateTimeFormat('en', { timeZone: name })
    return true
  } catch {
    return false
  }
}
