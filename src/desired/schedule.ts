import { type CronSchedule, NEVER_DUE, parseSchedule } from '../turns/cron-text.ts'
import { nextTick } from '../turns/ticks.ts'
import { Zone } from '../turns/zone.ts'

/**
 * What a turn schedule must be, or null when this one is good: five or six cron fields that come due at least once in the
 * zone (in UTC where the zone is unknown, which is an objection of its own). Takes a few milliseconds at most, whatever the text.
 */
export function scheduleObjection(schedule: string, timeZone: string): string | null {
  let parsed: CronSchedule
  try {
    parsed = parseSchedule(schedule)
  } catch (error) {
    if (error instanceof RangeError) return error.message
    throw error
  }
  return nextTick(parsed, new Zone(isTimeZone(timeZone) ? timeZone : 'UTC'), 0) === null ? NEVER_DUE : null
}

/** Whether it is a name of the IANA time zone database, as far as this runtime knows it. */
export function isTimeZone(name: string): boolean {
  // An offset such as +02:00 satisfies Intl too, but knows no summer time.
  if (!/^[A-Za-z][A-Za-z0-9_+/-]{1,63}$/.test(name) || isForeignName(name)) return false
  try {
    new Intl.DateTimeFormat('en', { timeZone: name })
    return true
  } catch {
    return false
  }
}

/**
 * Names that only ICU knows, from the early days of Java. They mean what nobody expects: BST is Dhaka, IST is Kolkata, ACT is
 * Darwin. (https://unicode-org.github.io/icu/userguide/datetime/timezone/)
 */
function isForeignName(name: string): boolean {
  const upper = name.toUpperCase()
  return upper.startsWith('SYSTEMV/') || (upper.length === 3 && !IANA_OF_THREE_LETTERS.includes(upper))
}

const IANA_OF_THREE_LETTERS = ['CET', 'EET', 'EST', 'GMT', 'HST', 'MET', 'MST', 'PRC', 'ROC', 'ROK', 'UCT', 'UTC', 'WET']
