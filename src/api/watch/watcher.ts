import type { ServerResponse } from 'node:http'
import { messageOf } from '../../model/errors.ts'
import { ApiProblem } from '../problem.ts'
import { frameOf, type WatchEvent } from './event.ts'

export interface WatchFilter {
  /** Null: all kinds. */
  readonly kinds: readonly WatchEvent['kind'][] | null
  /** Null: all games. */
  readonly gameId: string | null
}

/** What may wait for a reader that is slow. The bytes are shared with all others that wait for the same events. */
const MAX_WAITING_BYTES = 8 * 1024 ** 2
/** For the last event to be taken. */
const LINGER_MS = 2_000
/** The same, of a reader that has much to read before it. */
const SLOW_LINGER_MS = 30_000

/**
 * One who watches. It is *catching up* → (`live`) → *live* → (`end`) → *ended*, or ended at any time. While it catches up what
 * happens meanwhile waits, so that everything comes once and in its order.
 */
export class Watcher {
  readonly #filter: WatchFilter
  readonly #response: ServerResponse
  #waiting: Buffer[] | null = []
  #waitingBytes = 0
  #isEnded = false

  constructor(response: ServerResponse, filter: WatchFilter) {
    this.#response = response
    this.#filter = filter
  }

  get isEnded(): boolean {
    return this.#isEnded
  }

  wants({ kind, gameId }: Pick<WatchEvent, 'kind' | 'gameId'>): boolean {
    const { kinds, gameId: only } = this.#filter
    return (kinds === null || kinds.includes(kind)) && (only === null || only === gameId)
  }

  /** Sends at once what belongs before anything that waits. */
  catchUp(bytes: Buffer): void {
    if (!this.#isEnded) this.#write(bytes)
  }

  /** Resolves when the reader has taken enough of what it was sent to be sent more. */
  async drained(): Promise<void> {
    const response = this.#response
    if (this.#isEnded || !response.writableNeedDrain) return
    await new Promise<void>((resolve) => {
      const done = () => {
        response.off('drain', done).off('close', done)
        resolve()
      }
      response.on('drain', done).on('close', done)
    })
  }

  /** Sends what has waited; from here on nothing waits. */
  live(): void {
    const waiting = this.#waiting ?? []
    this.#waiting = null
    this.#waitingBytes = 0
    for (const bytes of waiting) this.catchUp(bytes)
  }

  send(bytes: Buffer): void {
    if (this.#isEnded) return
    if (this.#waiting === null) return this.#write(bytes)
    this.#waiting.push(bytes)
    this.#waitingBytes += bytes.length
    this.#cutWhenSlow()
  }

  /** All that is sent until the end of this turn of the event loop goes out together. */
  cork(): void {
    if (this.#isEnded) return
    this.#response.cork()
    process.nextTick(() => this.#response.uncork())
  }

  /** Says why as the last event, behind what the reader has not taken yet. */
  end(reason: unknown, lingerMs = LINGER_MS): void {
    if (this.#isEnded) return
    this.#isEnded = true
    this.#waiting = null
    const problem = reason instanceof ApiProblem ? reason : new ApiProblem('internal_error', messageOf(reason))
    const { code, message: detail, status } = problem
    this.#response.end(frameOf('error', null, { code, status, detail }))
    const timer = setTimeout(() => this.#response.destroy(), lingerMs)
    this.#response.once('close', () => clearTimeout(timer))
  }

  #write(bytes: Buffer): void {
    this.#response.write(bytes)
    this.#cutWhenSlow()
  }

  #cutWhenSlow(): void {
    if (this.#response.writableLength + this.#waitingBytes <= MAX_WAITING_BYTES) return
    const detail = 'you read more slowly than things change; go on from the last event’s id'
    this.end(new ApiProblem('too_many_requests', detail), SLOW_LINGER_MS)
  }
}
