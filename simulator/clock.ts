/** Time as a world sees it. */
export interface Clock {
  /** Epoch milliseconds. */
  nowMs(): number
  /** @returns takes the timer back */
  after(delayMs: number, fn: () => void): () => void
}

/** The machine's own. */
export function realClock(): Clock {
  return {
    nowMs: () => Date.now(),
    after: (delayMs, fn) => {
      const timer = setTimeout(fn, delayMs)
      return () => clearTimeout(timer)
    },
  }
}

export interface VirtualClock extends Clock {
  /** Lets this much time pass; what falls due meanwhile happens, in order. */
  advance(ms: number): void
  /** Lets time pass until the next timer has fired; false when there is none. */
  leap(): boolean
  /** When the next timer falls due; null when there is none. */
  nextMs(): number | null
}

interface Timer {
  readonly dueMs: number
  readonly fn: () => void
}

/** A clock that stands still until it is told. Timers of one instant fire in the order they were set. */
export function virtualClock(startMs: number): VirtualClock {
  let nowMs = startMs
  /** The next one last. */
  const timers: Timer[] = []

  function fireNext(): void {
    const timer = timers.pop()
    if (timer === undefined) return
    nowMs = Math.max(nowMs, timer.dueMs)
    timer.fn()
  }

  return {
    nowMs: () => nowMs,
    after: (delayMs, fn) => {
      const timer = { dueMs: nowMs + Math.max(0, delayMs), fn }
      timers.splice(placeOf(timers, timer.dueMs), 0, timer)
      return () => {
        const at = timers.indexOf(timer)
        if (at >= 0) timers.splice(at, 1)
      }
    },
    advance: (ms) => {
      const untilMs = nowMs + ms
      while ((timers.at(-1)?.dueMs ?? Infinity) <= untilMs) fireNext()
      nowMs = untilMs
    },
    nextMs: () => timers.at(-1)?.dueMs ?? null,
    leap: () => {
      if (timers.length === 0) return false
      fireNext()
      return true
    },
  }
}

/** Before all that fire earlier or at the same time, in a list whose next one is last. */
function placeOf(timers: readonly Timer[], dueMs: number): number {
  let [from, to] = [0, timers.length]
  while (from < to) {
    const middle = (from + to) >>> 1
    if ((timers[middle]?.dueMs ?? 0) > dueMs) from = middle + 1
    else to = middle
  }
  return from
}
