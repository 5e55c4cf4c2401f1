import { describe, expect, it } from 'vitest'
import { parseSchedule } from '../../../src/turns/cron-text.ts'
import { Schedules } from '../../../src/turns/schedule.ts'

/** The first ticks after the end of 2025, in UTC, without what is zero. */
function first(schedule: string, count = 4): string[] {
  const schedules = new Schedules()
  const found: string[] = []
  for (let at = schedules.nextTickMs(schedule, 'UTC', Date.UTC(2026, 0, 1) - 1); at !== null && found.length < count; ) {
    found.push(new Date(at).toISOString().replace('T00:00:00.000Z', '').replace(':00.000Z', '').replace('.000Z', ''))
    at = schedules.nextTickMs(schedule, 'UTC', at)
  }
  return found
}

describe('days', () => {
  it.each([
    ['the last day of the month', '0 0 L * *', ['2026-01-31', '2026-02-28', '2026-03-31', '2026-04-30']],
    ['the last day beside a fixed one', '0 0 L,15 * *', ['2026-01-15', '2026-01-31', '2026-02-15', '2026-02-28']],
    ['the last Monday', '0 0 * * 1L', ['2026-01-26', '2026-02-23', '2026-03-30', '2026-04-27']],
    ['the last Sunday, written 7', '0 0 * * 7L', ['2026-01-25', '2026-02-22', '2026-03-29', '2026-04-26']],
    ['the last Friday and each Saturday', '0 0 * * 5L,6', ['2026-01-03', '2026-01-10', '2026-01-17', '2026-01-24']],
    ['the second Friday, by name', '0 0 * * FRI#2', ['2026-01-09', '2026-02-13', '2026-03-13', '2026-04-10']],
    ['the fifth Friday, where there is one', '0 0 * * 5#5', ['2026-01-30', '2026-05-29', '2026-07-31', '2026-10-30']],
    ['names of months and weekdays in any case', '0 0 * feb Thu', ['2026-02-05', '2026-02-12', '2026-02-19', '2026-02-26']],
    ['Sunday as 0', '0 0 * * 0', ['2026-01-04', '2026-01-11', '2026-01-18', '2026-01-25']],
    ['Sunday as 7', '0 0 * * 7', ['2026-01-04', '2026-01-11', '2026-01-18', '2026-01-25']],
    ['Sunday at the end of a range', '0 0 * * 6-7', ['2026-01-03', '2026-01-04', '2026-01-10', '2026-01-11']],
    ['either, where both day fields are restricted', '0 0 1 * 1', ['2026-01-01', '2026-01-05', '2026-01-12', '2026-01-19']],
    ['question marks as wildcards', '0 0 ? * ?', ['2026-01-01', '2026-01-02', '2026-01-03', '2026-01-04']],
    ['the 31st, where there is one', '0 0 31 * *', ['2026-01-31', '2026-03-31', '2026-05-31', '2026-07-31']],
    ['29 February', '0 0 29 2 *', ['2028-02-29', '2032-02-29', '2036-02-29', '2040-02-29']],
    ['29 February across a century without it', '0 0 * 2 1#5', ['2044-02-29', '2072-02-29', '2112-02-29', '2140-02-29']],
    ['30 February, saved by a weekday', '0 0 30 2 1', ['2026-02-02', '2026-02-09', '2026-02-16', '2026-02-23']],
  ])('%s: %s', (_, schedule, expected) => expect(first(schedule)).toEqual(expected))
})

describe('times of day', () => {
  it.each([
    ['*/20 * * * *', ['2026-01-01', '2026-01-01T00:20', '2026-01-01T00:40', '2026-01-01T01:00']],
    ['5/20 12 * * *', ['2026-01-01T12:05', '2026-01-01T12:25', '2026-01-01T12:45', '2026-01-02T12:05']],
    ['*/30 59 23 * * *', ['2026-01-01T23:59', '2026-01-01T23:59:30', '2026-01-02T23:59', '2026-01-02T23:59:30']],
    ['* * * * * *', ['2026-01-01', '2026-01-01T00:00:01', '2026-01-01T00:00:02', '2026-01-01T00:00:03']],
    ['59 59 23 31 12 *', ['2026-12-31T23:59:59', '2027-12-31T23:59:59', '2028-12-31T23:59:59', '2029-12-31T23:59:59']],
    ['  0\t18  * * *\n', ['2026-01-01T18:00', '2026-01-02T18:00', '2026-01-03T18:00', '2026-01-04T18:00']],
  ])('%s', (schedule, expected) => expect(first(schedule)).toEqual(expected))
})

describe('a text that is refused', () => {
  const form = 'a cron expression of 5 or 6 fields such as "0 18 * * *"'

  it.each(['', '* * * *', '* * * * * * *', '@daily', '@hourly', '@reboot', `${'0,'.repeat(130)}0 * * * *`])('for its form: %j', (text) => {
    expect(() => parseSchedule(text)).toThrow(new RangeError(form))
  })

  it.each(['H * * * *', 'H/5 * * * *', 'H(1-5) * * * *', '1H * * * *', '0 0 * * THUH'])('for H, which has no fixed meaning: %s', (text) => {
    expect(() => parseSchedule(text)).toThrow(new RangeError(`${form}, without H`))
  })

  it.each([
    '60 * * * *',
    '* 24 * * *',
    '* * 0 * *',
    '* * * 13 *',
    '* * * * 8',
    '*/0 * * * *',
    '5-1 * * * *',
    '0 0 15W * *',
    '0 0 * * L',
    '0 0 * * FRI-MON',
  ])('for what a field holds: %s', (text) => expect(() => parseSchedule(text)).toThrow(form))

  it.each(['0 0 30 2 *', '0 0 31 2,4,6 *', '0 0 30-31 2 ?'])('for a day that no month has: %s', (text) => {
    expect(() => parseSchedule(text)).toThrow(new RangeError('a cron expression that comes due at least once'))
  })
})
