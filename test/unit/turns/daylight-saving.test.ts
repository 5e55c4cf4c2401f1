import { describe, expect, it } from 'vitest'
import { Schedules } from '../../../src/turns/schedule.ts'

/** What a clock on the wall shows, with its offset. */
function shown(zone: string): (atMs: number) => string {
  const format = new Intl.DateTimeFormat('sv', {
    timeZone: zone,
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    timeZoneName: 'longOffset',
  })
  const part = (parts: Intl.DateTimeFormatPart[], type: string) => parts.find((each) => each.type === type)?.value
  return (atMs) => {
    const parts = format.formatToParts(atMs)
    const seconds = part(parts, 'second') === '00' ? '' : `:${part(parts, 'second')}`
    return `${part(parts, 'month')}-${part(parts, 'day')} ${part(parts, 'hour')}:${part(parts, 'minute')}${seconds} ${part(parts, 'timeZoneName')?.replace('GMT', '').replace('−', '-') || '+00:00'}`
  }
}

/** All ticks in (from, to], found forwards; found backwards they must be the same. */
function ticks(schedule: string, zone: string, from: string, to: string): string[] {
  const schedules = new Schedules()
  const found: number[] = []
  const toMs = Date.parse(to)
  for (let at = schedules.nextTickMs(schedule, zone, Date.parse(from)); at !== null && at <= toMs; ) {
    found.push(at)
    at = schedules.nextTickMs(schedule, zone, at)
  }
  expect(schedules.ticksBetween(schedule, zone, Date.parse(from), toMs, 1_000_000)).toEqual({ ticks: found, more: false })
  return found.map(shown(zone))
}

describe('row 43: the skipped hour of Berlin, 02:00 to 03:00 on 29 March 2026', () => {
  const on = (schedule: string, from = '2026-03-29T00:00+01:00') => ticks(schedule, 'Europe/Berlin', from, '2026-03-29T05:00+02:00')

  it.each([
    ['0 2 * * *', ['03-29 03:00 +02:00']],
    ['30 2 * * *', ['03-29 03:00 +02:00']],
    ['30 2 29 3 *', ['03-29 03:00 +02:00']],
    ['30 2 * * SUN', ['03-29 03:00 +02:00']],
    ['59 59 2 * * *', ['03-29 03:00 +02:00']],
    ['30 3 * * *', ['03-29 03:30 +02:00']],
  ])('runs %s at the first instant after it', (schedule, expected) => expect(on(schedule)).toEqual(expected))

  it('makes one tick of all that fall on its end', () => {
    expect(on('*/15 2 * * *')).toEqual(['03-29 03:00 +02:00'])
    expect(on('0 2,3 * * *')).toEqual(['03-29 03:00 +02:00'])
    expect(on('* * 2 * * *')).toEqual(['03-29 03:00 +02:00'])
  })

  it('keeps the times around it', () => {
    expect(on('30 1,2,3 * * *')).toEqual(['03-29 01:30 +01:00', '03-29 03:00 +02:00', '03-29 03:30 +02:00'])
    expect(on('0 */2 * * *')).toEqual(['03-29 03:00 +02:00', '03-29 04:00 +02:00'])
  })

  it('is no interruption for a schedule of every hour, and no reason for an extra turn', () => {
    expect(on('30 * * * *')).toEqual(['03-29 00:30 +01:00', '03-29 01:30 +01:00', '03-29 03:30 +02:00', '03-29 04:30 +02:00'])
    expect(on('*/30 * * * *', '2026-03-29T01:00+01:00')).toEqual([
      '03-29 01:30 +01:00',
      '03-29 03:00 +02:00',
      '03-29 03:30 +02:00',
      '03-29 04:00 +02:00',
      '03-29 04:30 +02:00',
      '03-29 05:00 +02:00',
    ])
  })
})

describe('row 43: the repeated hour of Berlin, 02:00 to 03:00 on 25 October 2026', () => {
  const on = (schedule: string, from = '2026-10-25T00:00+02:00', to = '2026-10-25T04:00+01:00') =>
    ticks(schedule, 'Europe/Berlin', from, to)

  it.each([
    ['0 2 * * *', ['10-25 02:00 +02:00']],
    ['30 2 * * *', ['10-25 02:30 +02:00']],
    ['30 2 25 10 *', ['10-25 02:30 +02:00']],
    ['0,30 2 * * *', ['10-25 02:00 +02:00', '10-25 02:30 +02:00']],
    ['*/20 59 2 * * *', ['10-25 02:59 +02:00', '10-25 02:59:20 +02:00', '10-25 02:59:40 +02:00']],
    ['30 1-3 * * *', ['10-25 01:30 +02:00', '10-25 02:30 +02:00', '10-25 03:30 +01:00']],
    ['0 3 * * *', ['10-25 03:00 +01:00']],
  ])('runs %s once, the first time', (schedule, expected) => expect(on(schedule)).toEqual(expected))

  it('runs nothing again when the controller starts within its second pass', () => {
    expect(on('30 2 * * *', '2026-10-25T02:15+01:00')).toEqual([])
    expect(on('*/5 2 * * *', '2026-10-25T02:00+01:00')).toEqual([])
    expect(on('30 2,3 * * *', '2026-10-25T02:15+01:00')).toEqual(['10-25 03:30 +01:00'])
  })

  it('finds the first time from within its second pass, looking back', () => {
    expect(on('30 2 * * *', '2026-10-25T00:00+02:00', '2026-10-25T02:15+01:00')).toEqual(['10-25 02:30 +02:00'])
  })

  it('does not stop a schedule of every hour: it runs at each distinct instant', () => {
    const expected = [
      '10-25 01:30 +02:00',
      '10-25 02:00 +02:00',
      '10-25 02:30 +02:00',
      '10-25 02:00 +01:00',
      '10-25 02:30 +01:00',
      '10-25 03:00 +01:00',
    ]
    expect(on('*/30 * * * *', '2026-10-25T01:00+02:00', '2026-10-25T03:00+01:00')).toEqual(expected)
    expect(on('*/30 0-23 * * *', '2026-10-25T01:00+02:00', '2026-10-25T03:00+01:00')).toEqual(expected)
    expect(on('0 */30 */1 * * *', '2026-10-25T01:00+02:00', '2026-10-25T03:00+01:00')).toEqual(expected)
  })

  it('gives a quarter-hourly game 100 turns that day, 900 s apart', () => {
    const { ticks } = new Schedules().ticksBetween(
      '*/15 * * * *',
      'Europe/Berlin',
      Date.parse('2026-10-25T00:00+02:00'),
      Date.parse('2026-10-26T00:00+01:00'),
      1000,
    )
    expect(ticks).toHaveLength(100)
    expect(ticks.every((tick, index) => index === 0 || tick - (ticks[index - 1] ?? 0) === 900_000)).toBe(true)
  })
})

describe('other zones', () => {
  it('New York skips 02:00 to 03:00 on 8 March and repeats 01:00 to 02:00 on 1 November', () => {
    const zone = 'America/New_York'
    expect(ticks('30 2 * * *', zone, '2026-03-07T12:00Z', '2026-03-09T12:00Z')).toEqual(['03-08 03:00 -04:00', '03-09 02:30 -04:00'])
    expect(ticks('30 1 * * *', zone, '2026-10-31T12:00Z', '2026-11-02T12:00Z')).toEqual(['11-01 01:30 -04:00', '11-02 01:30 -05:00'])
    expect(ticks('30 * * * *', zone, '2026-11-01T05:00Z', '2026-11-01T08:00Z')).toEqual([
      '11-01 01:30 -04:00',
      '11-01 01:30 -05:00',
      '11-01 02:30 -05:00',
    ])
  })

  it('Lord Howe moves by half an hour: 02:00 to 02:30 is skipped on 4 October, 01:30 to 02:00 repeated on 5 April', () => {
    const zone = 'Australia/Lord_Howe'
    const spring = ['2026-10-03T14:00Z', '2026-10-03T16:00Z'] as const
    expect(ticks('15 2 * * *', zone, ...spring)).toEqual(['10-04 02:30 +11:00'])
    expect(ticks('0,15,45 2 * * *', zone, ...spring)).toEqual(['10-04 02:30 +11:00', '10-04 02:45 +11:00'])
    expect(ticks('15 * * * *', zone, ...spring)).toEqual(['10-04 01:15 +10:30'])
    expect(ticks('45 1 * * *', zone, '2026-04-04T12:00Z', '2026-04-04T18:00Z')).toEqual(['04-05 01:45 +11:00'])
    expect(ticks('*/15 * * * *', zone, '2026-04-04T14:15Z', '2026-04-04T15:45Z')).toEqual([
      '04-05 01:30 +11:00',
      '04-05 01:45 +11:00',
      '04-05 01:30 +10:30',
      '04-05 01:45 +10:30',
      '04-05 02:00 +10:30',
      '04-05 02:15 +10:30',
    ])
  })

  it('Casablanca turned its clock back for Ramadan and forward again, weeks apart', () => {
    const zone = 'Africa/Casablanca'
    expect(ticks('30 2 * * *', zone, '2025-02-22T12:00Z', '2025-02-24T12:00Z')).toEqual(['02-23 02:30 +01:00', '02-24 02:30 +00:00'])
    expect(ticks('30 2 * * *', zone, '2025-04-05T12:00Z', '2025-04-07T12:00Z')).toEqual(['04-06 03:00 +01:00', '04-07 02:30 +01:00'])
  })

  it('Nuuk skips and repeats the hour before midnight, so that a tick may move to the next day and a date comes twice', () => {
    const zone = 'America/Nuuk'
    expect(ticks('30 23 28 3 *', zone, '2026-03-28T12:00Z', '2026-03-29T12:00Z')).toEqual(['03-29 00:00 -01:00'])
    expect(ticks('0 0 * * *', zone, '2026-10-24T12:00Z', '2026-10-25T12:00Z')).toEqual(['10-25 00:00 -02:00'])
    expect(ticks('30 * 24 10 *', zone, '2026-10-24T23:00Z', '2026-10-25T12:00Z')).toEqual([
      '10-24 22:30 -01:00',
      '10-24 23:30 -01:00',
      '10-24 23:30 -02:00',
    ])
  })

  it('Apia left out a whole day', () => {
    expect(ticks('0 18 * * *', 'Pacific/Apia', '2011-12-29T12:00Z', '2012-01-01T12:00Z')).toEqual([
      '12-29 18:00 -10:00',
      '12-31 00:00 +14:00',
      '12-31 18:00 +14:00',
      '01-01 18:00 +14:00',
    ])
  })

  it('zones without summer time keep the same distance all year', () => {
    const { ticks } = new Schedules().ticksBetween('0 18 * * *', 'Asia/Kolkata', Date.UTC(2026, 0, 1), Date.UTC(2027, 0, 1), 1000)
    expect(ticks).toHaveLength(365)
    expect(new Set(ticks.map((tick) => tick % 86_400_000))).toEqual(new Set([12.5 * 3_600_000]))
  })
})
