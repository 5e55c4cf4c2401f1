import { KeyQueue, type Lane, type QueueOptions } from '../../../src/controller/queue.ts'
import { type FakeClock, fakeClock } from './fake-clock.ts'

export interface Run {
  readonly key: string
  readonly lane: Lane
  readonly startMs: number
  endMs: number | null
  /** Order of beginnings and ends, for the clock stands still between many of them. */
  readonly begun: number
  ended: number | null
}

export interface Bench {
  readonly queue: KeyQueue
  readonly clock: FakeClock
  readonly runs: readonly Run[]
  keys(): readonly string[]
}

/** A queue of which every pass takes `tookMs` (a hanging one: Infinity) and asks for another look at what `again` says. */
export function bench(
  over: Partial<QueueOptions> & { readonly tookMs?: (key: string) => number; readonly again?: (key: string) => number | null } = {},
): Bench {
  const clock = fakeClock()
  const runs: Run[] = []
  let moments = 0
  const { tookMs = () => 0, again = () => null, ...options } = over
  const queue = new KeyQueue({
    workers: 8,
    lendAfterMs: 1_000,
    maxInFlight: 16,
    clock,
    work: async (key, lane) => {
      const run: Run = { key, lane, startMs: clock.nowMs(), endMs: null, begun: moments++, ended: null }
      runs.push(run)
      const ms = tookMs(key)
      if (ms > 0) await new Promise<void>((resolve) => (Number.isFinite(ms) ? clock.after(ms, resolve) : undefined))
      run.endMs = clock.nowMs()
      run.ended = moments++
      return again(key)
    },
    ...options,
  })
  return { queue, clock, runs, keys: () => runs.map((run) => run.key) }
}

/** The most passes that were under way at the same time. */
export function mostAtOnce(runs: readonly Run[]): number {
  const isUnderWay = (other: Run, at: number): boolean => other.begun <= at && (other.ended ?? Number.POSITIVE_INFINITY) > at
  return Math.max(0, ...runs.map((run) => runs.filter((other) => isUnderWay(other, run.begun)).length))
}
