import type { CronSchedule } from './cron-text.ts'
import { lastWallMs, nextWallMs } from './wall-clock.ts'
import type { Zone } from './zone.ts'

/**
 * From wall-clock times to instants (specification 4, "Turns").
 *
 * A schedule that **names hours** runs each of its times once: at the first instant at which the clock is at or past it. So a
 * time in the skipped hour runs at the end of the gap, one in the repeated hour the first time, and times that fall on one instant are
 * one tick. A schedule of **every hour** (`*`, `0-23`) is a cadence: it runs at each instant at which the clock shows one of
 * its times, so that a quarter-hourly game goes on through the repeated hour and gets no extra turn after a gap. Cron has
 * told the two apart like this since Vixie's.
 *
 * cron-parser reads the text only. Its own search (5.10) moves a skipped time by an hour instead of to the gap's end, leaves
 * it out backwards, takes the repeated hour's second pass backwards, and needs up to 0.1 s for rare days.
 */

/** The first tick strictly after `afterMs`; null when it never comes due again. */
export function nextTick(schedule: CronSchedule, zone: Zone, afterMs: number): number | null {
  if (isCadence(schedule)) return nextOfCadence(schedule, zone, afterMs)
  const wallMs = nextWallMs(schedule, latestShownMs(zone, afterMs))
  return wallMs === null ? null : firstShownMs(zone, wallMs)
}

/** The last tick at or before `upToMs`; null when there was none. */
export function lastTick(schedule: CronSchedule, zone: Zone, upToMs: number): number | null {
  if (isCadence(schedule)) return lastOfCadence(schedule, zone, upToMs)
  const wallMs = lastWallMs(schedule, latestShownMs(zone, upToMs))
  return wallMs === null ? null : firstShownMs(zone, wallMs)
}

const DAY_MS = 86_400_000
/** How far around a time its transitions are looked for. Offsets lie between -12 h and +14 h, and no clock was turned back by more than a day. */
const REACH_MS = 2 * DAY_MS

function isCadence({ hours }: CronSchedule): boolean {
  return hours.length === 24
}

/** The latest wall-clock time that the zone's clock has shown up to an instant: more than it shows while an hour repeats. */
function latestShownMs(zone: Zone, atMs: number): number {
  return Math.max(...zone.spans(atMs - REACH_MS, atMs).map((span) => Math.min(atMs, span.endMs - 1) + span.offsetMs))
}

/** The first instant at which the zone's clock is at or past a wall-clock time. */
function firstShownMs(zone: Zone, wallMs: number): number {
  const spans = zone.spans(wallMs - REACH_MS, wallMs + REACH_MS)
  const span = spans.find(({ endMs, offsetMs }) => endMs + offsetMs > wallMs)
  if (span === undefined) throw new Error(`no instant for wall-clock time ${wallMs}`)
  return Math.max(span.startMs, wallMs - span.offsetMs)
}

/** Looks through two days at a time, and skips to the next day that has a time at all. */
function nextOfCadence(schedule: CronSchedule, zone: Zone, afterMs: number): number | null {
  for (let fromMs = afterMs; ; ) {
    const toMs = fromMs + REACH_MS
    const spans = zone.spans(fromMs, toMs)
    for (const { startMs, endMs, offsetMs } of spans) {
      const wallMs = nextWallMs(schedule, Math.max(fromMs, startMs - 1) + offsetMs)
      if (wallMs === null) return null
      if (wallMs - offsetMs < endMs) return wallMs - offsetMs
    }
    // A day earlier than shown, because the clock may be turned back; a day before its date in UTC, because of the offset.
    const upcomingMs = nextWallMs(schedule, toMs - DAY_MS + spans.reduce((least, { offsetMs }) => Math.min(least, offsetMs), 0))
    if (upcomingMs === null) return null
    fromMs = Math.max(toMs, upcomingMs - DAY_MS)
  }
}

function lastOfCadence(schedule: CronSchedule, zone: Zone, upToMs: number): number | null {
  for (let toMs = upToMs; ; ) {
    const fromMs = toMs - REACH_MS
    const spans = zone.spans(fromMs, toMs)
    for (const { startMs, endMs, offsetMs } of spans.toReversed()) {
      const wallMs = lastWallMs(schedule, Math.min(toMs, endMs - 1) + offsetMs)
      if (wallMs === null) return null
      if (wallMs - offsetMs >= startMs) return wallMs - offsetMs
    }
    const precedingMs = lastWallMs(schedule, fromMs + DAY_MS + spans.reduce((most, { offsetMs }) => Math.max(most, offsetMs), 0))
    if (precedingMs === null) return null
    toMs = Math.min(fromMs, precedingMs + DAY_MS)
  }
}
