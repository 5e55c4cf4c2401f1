import type { DesiredGame } from '../model/game.ts'
import type { LoopDeps } from './deps.ts'
import type { PassResult } from './observer.ts'
import { KeyQueue, type Lane, type OnBegin, type QueueFigures } from './queue.ts'
import { reconcileGame, requeueAfterError } from './reconcile.ts'
import type { Requeue } from './requeue.ts'

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
  #passes = 0
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
      onAdd: (lane) => deps.observer?.keyAdded(lane),
      onBegin: (lane, waitedMs) => {
        deps.observer?.passBegun(lane, waitedMs)
        onPass?.(lane, waitedMs)
      },
      work: (key) => this.#work(key),
    })
  }

  get depth(): number {
    return this.#queue.depth
  }

  get inFlight(): number {
    return this.#queue.inFlight
  }

  get figures(): QueueFigures {
    return this.#queue.figures
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

  async #pass(gameId: string): Promise<Requeue> {
    const { observer, signal } = this.#deps
    const startedMs = performance.now()
    const { requeue, result } = await this.#attempt(gameId)
    if (!signal.aborted) observer?.passEnded(result, performance.now() - startedMs)
    return requeue
  }

  async #attempt(gameId: string): Promise<{ readonly requeue: Requeue; readonly result: PassResult }> {
    this.#passes += 1
    const reconcileId = `${this.#deps.leaseEpoch}.${this.#passes}`
    const deps = { ...this.#deps, log: this.#deps.log.child({ reconcileId }) }
    try {
      const change = unseenChange(gameId, deps)
      const requeue = await deps.traces.pass({ gameId, reconcileId, change }, () => reconcileGame(gameId, deps))
      return { requeue, result: resultOf(requeue) }
    } catch (error) {
      if (deps.signal.aborted) return { requeue: { kind: 'at', atMs: null }, result: 'success' }
      const requeue = requeueAfterError(gameId, error, deps)
      return { requeue, result: requeue.kind === 'now' ? 'requeue' : 'error' }
    }
  }
}

/** The row, where no pass has told yet that it has seen this generation. */
function unseenChange(gameId: string, { desired, games }: LoopDeps): DesiredGame | null {
  const row = desired.get(gameId)
  return row !== undefined && row.generation > games.of(gameId).status.observedGeneration ? row : null
}

function resultOf(requeue: Requeue): PassResult {
  if (requeue.kind === 'now') return 'requeue'
  return requeue.atMs === null ? 'success' : 'requeue_after'
}
