import type { Clock } from '../../../src/clock.ts'

export interface FakeClock extends Clock {
  /** Lets this much time pass, firing timers in order, and what they set going. */
  advance(ms: number): Promise<void>
  /** Sets the wall clock; timers, as in reality, don't notice. */
  jump(ms: number): void
  readonly timers: number
}

/** A clock that stands still until it is told. */
export function fakeClock(startMs = 1_000_000): FakeClock {
  let elapsedMs = 0
  let wallMs = startMs
  const timers = new Set<{ readonly dueMs: number; readonly fn: () => void }>()
  return {
    nowMs: () => wallMs + elapsedMs,
    after: (delayMs, fn) => {
      // As in Node, a delay beyond 2^31 ms fires at once.
      const timer = { dueMs: elapsedMs + (delayMs > 2_147_483_647 ? 1 : delayMs), fn }
      timers.add(timer)
      return () => timers.delete(timer)
    },
    advance: async (ms) => {
      const untilMs = elapsedMs + ms
      await settled()
      for (;;) {
        const [first] = [...timers].sort((a, b) => a.dueMs - b.dueMs)
        if (first === undefined || first.dueMs > untilMs) break
        elapsedMs = Math.max(elapsedMs, first.dueMs)
        timers.delete(first)
        first.fn()
        await settled()
      }
      elapsedMs = untilMs
    },
    jump: (ms) => {
      wallMs += ms
    },
    get timers() {
      return timers.size
    },
  }
}

/** Lets everything that waits for no timer happen. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
