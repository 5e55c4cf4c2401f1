/** Time as a term sees it; injected so that tests own it. */
export interface Clock {
  /** Milliseconds since the epoch. */
  nowMs(): number
  /** Calls `fn` once after `delayMs`; returns its cancel. */
  after(delayMs: number, fn: () => void): () => void
}

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  after: (delayMs, fn) => {
    const timer = setTimeout(fn, delayMs)
    return () => clearTimeout(timer)
  },
}

/** Calls `fn` after each interval. @returns its stop */
export function every(intervalMs: number, fn: () => void, clock: Clock): () => void {
  const tick = (): void => {
    cancel = clock.after(intervalMs, tick)
    fn()
  }
  let cancel = clock.after(intervalMs, tick)
  return () => cancel()
}
