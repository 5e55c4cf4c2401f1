interface Lane {
  running: number
  /** In the order they came. */
  readonly waiting: Set<() => void>
}

/**
 * Lets at most so many of one engine's calls run at a time; the others wait in order. One engine that hangs then holds few connections, however
 * many ask it. (p-limit would keep a call that was given up waiting, and a queue for each engine there ever was.)
 */
export class Lanes {
  readonly #atOnce: number
  readonly #lanes = new Map<string, Lane>()

  constructor(atOnce: number) {
    this.#atOnce = atOnce
  }

  /** Engines that are being asked now. */
  get size(): number {
    return this.#lanes.size
  }

  /** @throws the signal's reason where it ends while waiting */
  async run<T>(key: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    await this.#enter(key, signal)
    try {
      return await work()
    } finally {
      this.#leave(key)
    }
  }

  async #enter(key: string, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    const lane = this.#lanes.get(key) ?? { running: 0, waiting: new Set() }
    this.#lanes.set(key, lane)
    if (lane.running < this.#atOnce) {
      lane.running += 1
      return
    }
    await new Promise<void>((resolve, reject) => {
      const giveUp = (): void => {
        lane.waiting.delete(go)
        reject(signal.reason)
      }
      const go = (): void => {
        signal.removeEventListener('abort', giveUp)
        resolve()
      }
      lane.waiting.add(go)
      signal.addEventListener('abort', giveUp, { once: true })
    })
  }

  /** Whoever waits longest takes over the place. */
  #leave(key: string): void {
    const lane = this.#lanes.get(key)
    if (lane === undefined) return
    const [next] = lane.waiting
    if (next !== undefined) {
      lane.waiting.delete(next)
      return next()
    }
    lane.running -= 1
    if (lane.running === 0) this.#lanes.delete(key)
  }
}
