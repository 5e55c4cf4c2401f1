import { CronExpressionParser } from 'cron-parser'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Schedules } from '../../../src/turns/schedule.ts'
import { timed } from '../../support/cpu-time.ts'

const SECOND_MS = 1000
const MINUTE_MS = 60_000
const DAY_MS = 86_400_000

describe('the next tick', () => {
  const schedules = new Schedules()

  it('is strictly after the time given, and has no milliseconds', () => {
    const noon = Date.UTC(2026, 5, 1, 12)
    expect(schedules.nextTickMs('0 12 * * *', 'UTC', noon)).toBe(noon + DAY_MS)
    expect(schedules.nextTickMs('0 12 * * *', 'UTC', noon - 1)).toBe(noon)
    expect(schedules.nextTickMs('* * * * * *', 'UTC', noon + 0.5)).toBe(noon + SECOND_MS)
  })

  it('is none for a text that never comes due', () => {
    expect(schedules.nextTickMs('0 0 * * 1#1.5', 'UTC', 0)).toBeNull()
    expect(schedules.nextTickMs('* * * * 1#1.5', 'Europe/Berlin', 0)).toBeNull()
    expect(schedules.ticksBetween('0 0 * * 1#1.5', 'UTC', 0, Date.UTC(2030, 0), 5)).toEqual({ ticks: [], more: false })
    expect(schedules.ticksBetween('* * * * 1#1.5', 'UTC', 0, Date.UTC(2030, 0), 5)).toEqual({ ticks: [], more: false })
  })

  it('is refused for a text or a zone that cannot be read', () => {
    expect(() => schedules.nextTickMs('soon', 'UTC', 0)).toThrow(RangeError)
    expect(() => schedules.nextTickMs('0 12 * * *', 'Mars/Olympus', 0)).toThrow(RangeError)
    expect(() => schedules.nextTickMs('0 12 * * *', 'UTC', Number.NaN)).toThrow(RangeError)
  })

  it('is the same after the cache has forgotten', () => {
    const before = schedules.nextTickMs('0 12 * * *', 'Europe/Berlin', 0)
    for (let n = 0; n < 10_100; n += 1)
      schedules.nextTickMs(`${n % 60} ${Math.floor(n / 60) % 24} ${1 + Math.floor(n / 1440)} * *`, 'UTC', 0)
    expect(schedules.nextTickMs('0 12 * * *', 'Europe/Berlin', 0)).toBe(before)
  })
})

describe('the ticks of a span', () => {
  const schedules = new Schedules()
  const from = Date.UTC(2026, 0, 1)

  it('leave out its beginning and hold its end', () => {
    expect(schedules.ticksBetween('0 0 * * *', 'UTC', from, from + 2 * DAY_MS, 10)).toEqual({
      ticks: [from + DAY_MS, from + 2 * DAY_MS],
      more: false,
    })
  })

  it('are the latest ones, and it is told when earlier ones were left off', () => {
    expect(schedules.ticksBetween('0 0 * * *', 'UTC', from, from + 3 * DAY_MS, 2)).toEqual({
      ticks: [from + 2 * DAY_MS, from + 3 * DAY_MS],
      more: true,
    })
    expect(schedules.ticksBetween('0 0 * * *', 'UTC', from, from + 3 * DAY_MS, 3).more).toBe(false)
    expect(schedules.ticksBetween('0 0 * * *', 'UTC', from, from + DAY_MS, 0)).toEqual({ ticks: [], more: true })
  })

  it('are none in an empty or reversed span', () => {
    expect(schedules.ticksBetween('* * * * *', 'UTC', from, from, 5)).toEqual({ ticks: [], more: false })
    expect(schedules.ticksBetween('* * * * *', 'UTC', from, from - DAY_MS, 5)).toEqual({ ticks: [], more: false })
  })

  it('of a year down at one a second cost no more than those asked for', () => {
    const { cpuMs, result } = timed(() => schedules.ticksBetween('* * * * * *', 'Europe/Berlin', from, from + 365 * DAY_MS, 100))
    const { ticks, more } = result
    expect(cpuMs).toBeLessThan(200)
    expect([ticks.length, ticks[0], ticks.at(-1), more]).toEqual([100, from + 365 * DAY_MS - 99 * SECOND_MS, from + 365 * DAY_MS, true])
  })
})

const zone = fc.constantFrom(
  'UTC',
  'Europe/Berlin',
  'America/New_York',
  'Australia/Lord_Howe',
  'Africa/Casablanca',
  'America/Nuuk',
  'Asia/Gaza',
  'Asia/Kathmandu',
  'Pacific/Apia',
  'Pacific/Kiritimati',
)

function field(min: number, max: number): fc.Arbitrary<string> {
  const value = fc.integer({ min, max })
  return fc.oneof(
    { weight: 3, arbitrary: fc.constant('*') },
    { weight: 3, arbitrary: value.map(String) },
    fc.uniqueArray(value, { minLength: 2, maxLength: 5 }).map((values) => values.join(',')),
    fc.tuple(value, value).map((ends) => `${Math.min(...ends)}-${Math.max(...ends)}`),
    fc.integer({ min: 1, max: max - min + 1 }).map((step) => `*/${step}`),
  )
}

const dayOfMonth = fc.oneof({ weight: 4, arbitrary: field(1, 31) }, fc.constantFrom('L', '?', 'L,15', '29,30'))
const dayOfWeek = fc.oneof({ weight: 4, arbitrary: field(0, 7) }, fc.constantFrom('?', 'MON-FRI', '5L', '0L,3', 'tue#2', '1#5', '*#3'))
const fields = [field(0, 59), field(0, 59), field(0, 23), dayOfMonth, field(1, 12), dayOfWeek] as const
const schedule = fc
  .oneof(
    fc.tuple(...fields).map((texts) => texts.join(' ')),
    fc.tuple(...fields.slice(1)).map((texts) => texts.join(' ')),
  )
  .filter((text) => isReadable(text))
const instant = fc.integer({ min: Date.UTC(2005, 0), max: Date.UTC(2045, 0) })

function isReadable(text: string): boolean {
  try {
    CronExpressionParser.parse(text, { tz: 'UTC', currentDate: 0 })
    return true
  } catch {
    return false
  }
}

describe('for any schedule, zone and time', () => {
  const schedules = new Schedules()

  it('the next tick lies ahead, on a whole second, and none is between', () => {
    fc.assert(
      fc.property(schedule, zone, instant, fc.double({ min: 0, max: 1, noNaN: true }), (text, zone, afterMs, share) => {
        const next = schedules.nextTickMs(text, zone, afterMs)
        if (next === null) throw new Error(`${text} never comes due`)
        expect(next).toBeGreaterThan(afterMs)
        expect(next % SECOND_MS).toBe(0)
        expect(schedules.nextTickMs(text, zone, Math.floor(afterMs + (next - 1 - afterMs) * share))).toBe(next)
        expect(schedules.nextTickMs(text, zone, next)).toBeGreaterThan(next)
      }),
    )
  })

  it('ticks found backwards are those found forwards', () => {
    fc.assert(
      fc.property(schedule, zone, instant, fc.integer({ min: 1, max: 12 }), (text, zone, fromMs, count) => {
        const forwards = [schedules.nextTickMs(text, zone, fromMs) ?? 0]
        for (let n = 1; n < count; n += 1) forwards.push(schedules.nextTickMs(text, zone, forwards.at(-1) ?? 0) ?? 0)
        const last = forwards.at(-1) ?? 0
        expect(schedules.ticksBetween(text, zone, fromMs, last, count)).toEqual({ ticks: forwards, more: false })
        expect(schedules.ticksBetween(text, zone, fromMs, last, count - 1)).toEqual({ ticks: forwards.slice(1), more: true })
      }),
    )
  })

  it('in UTC they are what cron-parser finds', () => {
    fc.assert(
      fc.property(schedule, instant, (text, afterMs) => {
        const expression = CronExpressionParser.parse(text, { tz: 'UTC', currentDate: new Date(afterMs) })
        expect(schedules.nextTickMs(text, 'UTC', afterMs)).toBe(expression.next().getTime())
      }),
      { numRuns: 60 },
    )
  })
})

describe('minute by minute through both changes of the clock', () => {
  const schedules = new Schedules()
  const changes: readonly (readonly [zone: string, aboutMs: number])[] = [
    ['Europe/Berlin', Date.UTC(2026, 2, 29, 1)],
    ['Europe/Berlin', Date.UTC(2026, 9, 25, 1)],
    ['America/New_York', Date.UTC(2026, 2, 8, 7)],
    ['America/New_York', Date.UTC(2026, 10, 1, 6)],
    ['Australia/Lord_Howe', Date.UTC(2026, 9, 3, 15, 30)],
    ['Australia/Lord_Howe', Date.UTC(2026, 3, 4, 15)],
    ['America/Nuuk', Date.UTC(2026, 2, 29, 1)],
    ['America/Nuuk', Date.UTC(2026, 9, 25, 1)],
  ]
  const time = fc.tuple(field(0, 59), fc.oneof(field(0, 4), field(20, 23), field(0, 23))).map(([minute, hour]) => `${minute} ${hour} * * *`)

  it('a schedule that names hours runs when the clock first reaches one of its times, one of every hour whenever it shows one', () => {
    fc.assert(
      fc.property(fc.constantFrom(...changes), time, ([zone, aboutMs], text) => {
        const fromMs = aboutMs - 240 * MINUTE_MS
        const toMs = aboutMs + 240 * MINUTE_MS
        expect(schedules.ticksBetween(text, zone, fromMs, toMs, 1000).ticks).toEqual(ticksByTheMinute(text, zone, fromMs, toMs))
      }),
      { numRuns: 60 },
    )
  })

  function ticksByTheMinute(text: string, zone: string, fromMs: number, toMs: number): number[] {
    const { fields } = CronExpressionParser.parse(text, { tz: 'UTC', currentDate: 0 })
    const isTime = (wallMs: number) =>
      fields.hour.values.some((hour) => hour === new Date(wallMs).getUTCHours()) &&
      fields.minute.values.some((minute) => minute === new Date(wallMs).getUTCMinutes())
    const wall = wallClock(zone)
    const ticks: number[] = []
    let reachedMs = wall(fromMs)
    for (let atMs = fromMs + MINUTE_MS; atMs <= toMs; atMs += MINUTE_MS) {
      const shownMs = wall(atMs)
      const passed = Array.from({ length: Math.max(0, (shownMs - reachedMs) / MINUTE_MS) }, (_, n) => reachedMs + (n + 1) * MINUTE_MS)
      if (fields.hour.values.length === 24 ? isTime(shownMs) : passed.some(isTime)) ticks.push(atMs)
      reachedMs = Math.max(reachedMs, shownMs)
    }
    return ticks
  }

  function wallClock(zone: string): (atMs: number) => number {
    const format = new Intl.DateTimeFormat('sv', { timeZone: zone, dateStyle: 'short', timeStyle: 'short' })
    return (atMs) => Date.parse(`${format.format(atMs).replace(' ', 'T')}Z`)
  }
})
