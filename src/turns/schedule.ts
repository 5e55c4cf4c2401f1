import { type CronSchedule, parseSchedule } from './cron-text.ts'
import { lastTick, nextTick } from './ticks.ts'
import { Zone } from './zone.ts'

/** The ticks of a span of time, ascending (epoch ms, whole seconds). */
export interface Ticks {
  readonly ticks: readonly number[]
  /** Whether earlier ticks of the span were left off. */
  readonly more: boolean
}

/**
 * When turns come due (specification 4, "Turns"): cron text and time zone → instants. Which instants a daylight-saving change
 * leads to is told in `ticks.ts`. Jitter-free and without a clock of its own: the same question has the same answer.
 *
 * Keeps what it has read of the texts and zones used last; 10 000 distinct texts take a few megabytes.
 * Each method throws a RangeError for a text or zone that admission would refuse.
 */
export class Schedules {
  readonly #schedules = new Map<string, CronSchedule>()
  readonly #zones = new Map<string, Zone>()

  /** The first tick strictly after `afterMs`; null when none comes any more. */
  nextTickMs(schedule: string, timeZone: string, afterMs: number): number | null {
    return nextTick(this.#schedule(schedule), this.#zone(timeZone), afterMs)
  }

  /** The latest `atMost` ticks of the span. Costs as many steps as it gives ticks, however long the span is. */
  ticksBetween(schedule: string, timeZone: string, fromMsExclusive: number, toMsInclusive: number, atMost: number): Ticks {
    const parsed = this.#schedule(schedule)
    const zone = this.#zone(timeZone)
    const ticks: number[] = []
    let tick = lastTick(parsed, zone, toMsInclusive)
    while (tick !== null && tick > fromMsExclusive && ticks.length < atMost) {
      ticks.push(tick)
      tick = lastTick(parsed, zone, tick - 1)
    }
    return { ticks: ticks.toReversed(), more: tick !== null && tick > fromMsExclusive }
  }

  #schedule(text: string): CronSchedule {
    return keep(this.#schedules, MAX_SCHEDULES, text, parseSchedule)
  }

  #zone(name: string): Zone {
    return keep(this.#zones, MAX_ZONES, name, (unknown) => new Zone(unknown))
  }
}

const MAX_SCHEDULES = 10_000
/** The time zone database has about 600 names, but their case is free. */
const MAX_ZONES = 600

/** The value of a key, made when it is not kept yet; beyond the limit, what was not asked for the longest goes. */
function keep<T>(kept: Map<string, T>, limit: number, key: string, make: (key: string) => T): T {
  const value = kept.get(key) ?? make(key)
  kept.delete(key)
  kept.set(key, value)
  const [oldest] = kept.keys()
  if (kept.size > limit && oldest !== undefined) kept.delete(oldest)
  return value
}
