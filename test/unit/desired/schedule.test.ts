import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isTimeZone, scheduleObjection } from '../../../src/desired/schedule.ts'
import { timed } from '../../support/cpu-time.ts'

describe('a turn schedule', () => {
  it.each(['0 18 * * *', '*/10 * * * * *', '0 18 * * MON-THU', '0 0 L * *', '0 0 * * FRI#2', '0 0 29 2 *', '0 0 * 2 1#5', ' 0  18 * * * '])(
    'may be %j',
    (text) => {
      expect(scheduleObjection(text, 'Europe/Berlin')).toBeNull()
    },
  )

  it.each(['0 0 30 2 *', '0 0 31 2,4,6,9,11 *', '0 0 * * 1#1.5', '* * * * * 1#1.5'])(
    'that never comes due is refused as such: %s',
    (text) => {
      expect(scheduleObjection(text, 'Europe/Berlin')).toBe('a cron expression that comes due at least once')
    },
  )

  it.each([
    ['@daily', 'a cron expression of 5 or 6 fields such as "0 18 * * *"'],
    ['5H * * * *', 'a cron expression of 5 or 6 fields such as "0 18 * * *", without H'],
    ['61 * * * *', 'a cron expression of 5 or 6 fields such as "0 18 * * *" (Constraint error, got value 61 expected range 0-59)'],
  ])('%j is told what it should be', (text, objection) => expect(scheduleObjection(text, 'UTC')).toBe(objection))

  it('is judged by itself where the zone is unknown', () => {
    expect(scheduleObjection('0 18 * * *', 'Mars/Olympus')).toBeNull()
    expect(scheduleObjection('0 0 30 2 *', 'Mars/Olympus')).not.toBeNull()
  })

  it('takes a few milliseconds to judge, whatever it says', () => {
    const alphabet = fc.constantFrom(...'0123456789*/,-?LH# JANMON@W(). '.split(''))
    const hostile = fc.oneof(
      fc.string({ unit: alphabet, maxLength: 300 }),
      fc
        .tuple(...Array.from({ length: 6 }, () => fc.string({ unit: alphabet, minLength: 1, maxLength: 8 })))
        .map((fields) => fields.join(' ')),
      fc.constantFrom(
        '* * * * * 1#1.5',
        '0 0 0 * 2 1#4.5',
        `${'*/1,'.repeat(60)}1 * * * *`,
        `${'0-59,'.repeat(40)}1 * * * *`,
        '0 0 0 29 2 ?',
        '59 59 23 30,31 2 *#1.5',
      ),
    )
    fc.assert(
      fc.property(hostile, (text) => {
        const best = Math.min(...[1, 2, 3].map(() => cost(text)))
        expect(best).toBeLessThan(10)
      }),
      { numRuns: 300 },
    )
  })

  function cost(text: string): number {
    return timed(() => scheduleObjection(text, 'Europe/Berlin')).cpuMs
  }
})

describe('a time zone', () => {
  it.each(['UTC', 'Europe/Berlin', 'europe/berlin', 'America/Argentina/Buenos_Aires', 'Etc/GMT+5', 'EST', 'EST5EDT', 'GB', 'W-SU'])(
    'may be %s',
    (name) => {
      expect(isTimeZone(name)).toBe(true)
    },
  )

  it.each(['', 'Mars/Olympus', '+02:00', 'UTC+2', 'Europe/Berlin ', 'GMT+5', 'SystemV/EST5', 'Z', 'x'.repeat(100)])(
    'may not be %j',
    (name) => {
      expect(isTimeZone(name)).toBe(false)
    },
  )

  it.each(['BST', 'IST', 'ACT', 'PST', 'CST', 'jst'])('may not be %s, which means more than one place', (name) => {
    expect(isTimeZone(name)).toBe(false)
  })
})
