import type { Clock } from '../clock.ts'
import { WakeHeap } from './wake-heap.ts'

/** Live keys come from a change, resync keys from the periodic look at everything. */
export type Lane = 'live' | 'resync'

export type OnBegin = (lane: Lane, waitedMs: number) => void

export interface QueueOptions {
  /** Passes that may run at once while each is quick. */
  readonly workers: number
  /**
   * A pass still running after this long gives its slot back: one hung or slow game holds up only itself (L2).
   * Its key stays locked until the pass ends.
   */
  readonly lendAfterMs: number
  /** Passes that may run at once in all, those that gave their slot back included. */
  readonly maxInFlight: number
  readonly clock: Clock
  /** Told of each key that comes into a lane. Must not throw. */
  readonly onAdd?: ((lane: Lane) => void) | undefined
  /** Told of each pass as it begins: how long its key had waited for it. Must not throw. */
  readonly onBegin?: OnBegin | undefined
  /**
   * Resolves to when the key wants another look (epoch ms). A failed pass is the worker's own business: it reports it and does
   * not reject. One that rejects all the same costs its key a pause, and nobody else anything.
   */
  work(key: string, lane: Lane): Promise<number | null>
}

/** What waits and what runs, at one moment. */
export interface QueueFigures {
  readonly waiting: Readonly<Record<Lane, number>>
  /** How long each pass under way has taken so far. */
  readonly runningMs: readonly number[]
}

/** Of this many picks in a row at least one goes to the resync lane, if it has a key (L3). */
const RESYNC_EVERY = 5
/** Node fires timers beyond 2^31 ms at once; a longer wait is slept in pieces. */
const LONGEST_SLEEP_MS = 3_600_000
/** Pause of a key whose pass rejected. */
const REJECTED_PAUSE_MS = 30_000

/**
 * The work queue: keys, never events.
 *
 * A key is in at most one of *waiting* (in one lane) and *working*. Adding a waiting key is a no-op, except that a live
 * add lifts it out of the resync lane; adding a working key marks it *again*, and it waits once more when its pass ends.
 * So one worker per game, and no wake-up is lost.
 */
export class KeyQueue {
  readonly #options: QueueOptions
  readonly #waiting: Readonly<Record<Lane, Map<string, number>>> = { live: new Map(), resync: new Map() }
  readonly #working = new Map<string, { again: Lane | null; readonly sinceMs: number }>()
  readonly #wakes = new WakeHeap()
  #slots: number
  #picks = 0
  #isStopped = false
  #cancelTimer: (() => void) | null = null
  #timerAtMs: number | null = null
  #onIdle: (() => void)[] = []

  constructor(options: QueueOptions) {
    this.#options = options
    this.#slots = options.workers
  }

  get depth(): number {
    return this.#waiting.live.size + this.#waiting.resync.size
  }

  get inFlight(): number {
    return this.#working.size
  }

  get figures(): QueueFigures {
    const nowMs = this.#options.clock.nowMs()
    return {
      waiting: { live: this.#waiting.live.size, resync: this.#waiting.resync.size },
      runningMs: [...this.#working.values()].map(({ sinceMs }) => nowMs - sinceMs),
    }
  }

  /** Longest time a key has been waiting, in milliseconds. */
  get longestWaitMs(): number {
    const first = [...this.#waiting.live.values().take(1), ...this.#waiting.resync.values().take(1)]
    return first.length === 0 ? 0 : this.#options.clock.nowMs() - Math.min(...first)
  }

  add(key: string, lane: Lane = 'live'): void {
    if (this.#isStopped) return
    const working = this.#working.get(key)
    if (working !== undefined) {
      if (working.again !== 'live') working.again = lane
      return
    }
    this.#enqueue(key, lane)
    this.#dispatch()
  }

  /** Replaces the key's next timed look; null cancels it. */
  wakeAt(key: string, atMs: number | null): void {
    if (this.#isStopped) return
    this.#wakes.set(key, atMs)
    this.#armTimer()
  }

  /** Takes no further key and resolves when every pass under way has ended. */
  async stop(): Promise<void> {
    this.#isStopped = true
    this.#cancelTimer?.()
    this.#waiting.live.clear()
    this.#waiting.resync.clear()
    await this.#idle()
  }

  #enqueue(key: string, lane: Lane): void {
    if (lane === 'live') this.#waiting.resync.delete(key)
    else if (this.#waiting.live.has(key)) return
    if (this.#waiting[lane].has(key)) return
    this.#waiting[lane].set(key, this.#options.clock.nowMs())
    this.#options.onAdd?.(lane)
  }

  #dispatch(): void {
    while (!this.#isStopped && this.#slots > 0 && this.#working.size < this.#options.maxInFlight) {
      const next = this.#pick()
      if (next === null) return
      this.#options.onBegin?.(next.lane, this.#options.clock.nowMs() - next.sinceMs)
      void this.#run(next.key, next.lane)
    }
  }

  #pick(): { key: string; lane: Lane; sinceMs: number } | null {
    const preferred: Lane = this.#picks % RESYNC_EVERY === RESYNC_EVERY - 1 ? 'resync' : 'live'
    const lane = this.#waiting[preferred].size > 0 ? preferred : preferred === 'live' ? 'resync' : 'live'
    for (const [key, sinceMs] of this.#waiting[lane]) {
      this.#waiting[lane].delete(key)
      this.#picks += 1
      return { key, lane, sinceMs }
    }
    return null
  }

  async #run(key: string, lane: Lane): Promise<void> {
    const state: { again: Lane | null; readonly sinceMs: number } = { again: null, sinceMs: this.#options.clock.nowMs() }
    this.#working.set(key, state)
    this.#slots -= 1
    let hasSlot = true
    const returnSlot = (): void => {
      if (!hasSlot) return
      hasSlot = false
      this.#slots += 1
    }
    const cancelLend = this.#options.clock.after(this.#options.lendAfterMs, () => {
      returnSlot()
      this.#dispatch()
    })
    try {
      this.wakeAt(key, await this.#options.work(key, lane))
    } catch {
      this.wakeAt(key, this.#options.clock.nowMs() + REJECTED_PAUSE_MS)
    } finally {
      cancelLend()
      returnSlot()
      this.#working.delete(key)
      if (state.again !== null && !this.#isStopped) this.#enqueue(key, state.again)
      this.#dispatch()
      if (this.#working.size === 0) for (const resolve of this.#onIdle.splice(0)) resolve()
    }
  }

  #armTimer(): void {
    const nextMs = this.#wakes.nextMs()
    if (nextMs === this.#timerAtMs && this.#cancelTimer !== null) return
    this.#cancelTimer?.()
    this.#cancelTimer = null
    this.#timerAtMs = nextMs
    if (nextMs === null || this.#isStopped) return
    const delayMs = Math.min(Math.max(nextMs - this.#options.clock.nowMs(), 0), LONGEST_SLEEP_MS)
    this.#cancelTimer = this.#options.clock.after(delayMs, () => {
      this.#cancelTimer = null
      this.#timerAtMs = null
      for (const key of this.#wakes.takeDue(this.#options.clock.nowMs())) this.add(key)
      this.#armTimer()
    })
  }

  #idle(): Promise<void> {
    if (this.#working.size === 0) return Promise.resolve()
    return new Promise((resolve) => this.#onIdle.push(resolve))
  }
}
