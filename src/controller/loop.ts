import type { LoopDeps } from './deps.ts'
import { KeyQueue, type Lane, type OnBegin } from './queue.ts'
import { reconcileGame, requeueAfterError } from './reconcile.ts'

export interface LoopOptions {
  readonly workers: number
  readonly resyncMs: number
  readonly onPass?: OnBegin | undefined
}

/** A pass that takes longer than this gives its slot to others. */
const LEND_AFTER_MS = 1_000
/** A pass that waits for its engine's turn holds memory and a socket, nothing that others need. */
const IN_FLIGHT_PER_WORKER = 128
/** A patch through a crash takes half as many. */
const LONGEST_STREAK = 24
const RESTLESS_RETRY_MS = 30_000

/** The control loop of one term: keys in, one pass per key. */
export class Loop {
  readonly #deps: LoopDeps
  readonly #queue: KeyQueue
  readonly #desiredKeys: () => Iterable<string>
  readonly #resyncMs: number
  #cancelResync: (() => void) | null = null
  #isOpen = false
  /** Passes in a row, by game, that asked for another one at once. */
  readonly #streaks = new Map<string, number>()

  constructor(deps: LoopDeps, desiredKeys: () => Iterable<string>, { workers, resyncMs, onPass }: LoopOptions) {
    this.#deps = deps
    this.#desiredKeys = desiredKeys
    this.#resyncMs = resyncMs
    this.#queue = new KeyQueue({
      workers,
      lendAfterMs: LEND_AFTER_MS,
      maxInFlight: workers * IN_FLIGHT_PER_WORKER,
      clock: deps.clock,
      onBegin: onPass,
      work: (key) => this.#work(key),
    })
  }

  get depth(): number {
    return this.#queue.depth
  }

  get inFlight(): number {
    return this.#queue.inFlight
  }

  /**
   * Begins to work, on everything. Before that, keys are not taken: a plan made before records and containers have been read
   * would take what is there for missing.
   */
  open(): void {
    this.#isOpen = true
    this.addAll()
  }

  add(gameIds: Iterable<string>, lane: Lane = 'live'): void {
    if (!this.#isOpen) return
    for (const gameId of gameIds) this.#queue.add(gameId, lane)
  }

  /** Everything anybody knows of: desired, recorded or observed. */
  addAll(): void {
    this.add(new Set([...this.#desiredKeys(), ...this.#deps.games.keys(), ...this.#deps.world.games()]), 'resync')
  }

  /** Looks at everything every `resyncMs`: one list, then one pure plan per game. */
  startResync(relist: () => Promise<void>): void {
    const { clock, signal, log } = this.#deps
    const arm = (): void => {
      if (!signal.aborted) this.#cancelResync = clock.after(this.#resyncMs, () => void resync())
    }
    const resync = async (): Promise<void> => {
      try {
        await relist()
      } catch (error) {
        log.warn({ err: error }, 'resync failed')
      }
      this.addAll()
      arm()
    }
    arm()
  }

  async stop(): Promise<void> {
    this.#cancelResync?.()
    await this.#queue.stop()
  }

  async #work(gameId: string): Promise<number | null> {
    if (this.#deps.signal.aborted) return null
    const requeue = await this.#pass(gameId)
    if (requeue.kind === 'at') {
      this.#streaks.delete(gameId)
      return requeue.atMs
    }
    const streak = (this.#streaks.get(gameId) ?? 0) + 1
    this.#streaks.set(gameId, streak)
    if (streak % LONGEST_STREAK === 0) return this.#slowDown(gameId, streak)
    this.#queue.add(gameId)
    return null
  }

  /** A game whose passes never come to rest is a defect of ours; it must not become a tight loop of Docker calls (fault 13). */
  #slowDown(gameId: string, passes: number): number {
    const { log, clock } = this.#deps
    log.error({ gameId, passes }, 'passes do not come to rest')
    return clock.nowMs() + RESTLESS_RETRY_MS
  }

  async #pass(gameId: string): ReturnType<typeof reconcileGame> {
    try {
      return await reconcileGame(gameId, this.#deps)
    } catch (error) {
      if (this.#deps.signal.aborted) return { kind: 'at', atMs: null }
      return requeueAfterError(gameId, error, this.#deps)
    }
  }
}
