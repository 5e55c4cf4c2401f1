import type { Kysely } from 'kysely'
import { followChannel } from '../../database/follow-channel.ts'
import type { Database } from '../../database/tables.ts'
import { pause } from '../../pause.ts'
import { Schedules } from '../../turns/schedule.ts'
import { ApiProblem, toProblem } from '../problem.ts'
import { readSnapshot, wantChanges } from './changes.ts'
import { bookmarkOf } from './event.ts'
import { readPage } from './pages.ts'
import { isNoLater } from './position.ts'
import type { Watcher } from './watcher.ts'

export interface HubOptions {
  readonly db: Kysely<Database>
  /** Where to LISTEN; one connection, never through a transaction pooler. */
  readonly url: string
  /** Tried again anyway; for the log. */
  onFault(error: unknown): void
  /** Nobody watches any more. */
  onIdle(): void
}

const CHANNEL = 'galaxy_watch'
/** Longest a lost notification can stay unnoticed, and the end of freshness. */
const POLL_MS = 1_000
const GAP_MS = 5
const WANT_EVERY_MS = 10_000
const WANT_FOR_MS = 30_000
/** Bookmarks are the heartbeat too. */
const BOOKMARK_MS = 15_000
const FIRST_PAUSE_MS = 50
const MAX_PAUSE_MS = 5_000

interface Joining {
  join(seen: string, isFresh: boolean): void
  refuse(error: unknown): void
}

/**
 * Reads changes once for all who watch here. One loop has all its SQL: it waits for a notification or a second, reads what has
 * become visible since, and sends it. Who comes is let in between two reads, at the snapshot of the last of them.
 */
export class WatchHub {
  readonly #options: HubOptions
  readonly #abort = new AbortController()
  readonly #watchers = new Set<Watcher>()
  readonly #schedules = new Schedules()
  readonly #ended: Promise<unknown>
  #joining: Joining[] = []
  /** Those among `#joining`, and those for whom a read is under way. */
  #awaited = 0
  #wake = Promise.withResolvers<void>()
  #seen: string | null = null
  #isFresh = false
  #wantAtMs = 0
  #bookmarkAtMs = 0

  constructor(options: HubOptions) {
    this.#options = options
    const { url } = options
    const listening = followChannel({
      url,
      channel: CHANNEL,
      applicationName: 'galaxy-watch',
      checkMs: WANT_EVERY_MS,
      onWritten: () => this.#wake.resolve(),
      onFault: (error) => options.onFault(error),
      signal: this.#abort.signal,
    })
    this.#ended = Promise.all([this.#work(), listening])
  }

  /**
   * Lets one in once everything that was committed before this call is read. @returns the snapshot from which on it is sent
   * what changes, and whether games' status is vouched for
   * @throws ApiProblem `service_unavailable`
   */
  async join(watcher: Watcher): Promise<{ readonly seen: string; readonly isFresh: boolean }> {
    if (this.#abort.signal.aborted) throw new ApiProblem('service_unavailable', 'the watch is ending')
    this.#awaited += 1
    return new Promise((resolve, reject) => {
      this.#joining.push({
        join: (seen, isFresh) => {
          this.#awaited -= 1
          this.#watchers.add(watcher)
          resolve({ seen, isFresh })
        },
        refuse: (error) => {
          this.#awaited -= 1
          reject(toProblem(error))
        },
      })
      this.#wake.resolve()
    })
  }

  leave(watcher: Watcher): void {
    this.#watchers.delete(watcher)
    if (this.#watchers.size > 0 || this.#awaited > 0 || this.#abort.signal.aborted) return
    this.#options.onIdle()
    void this.stop()
  }

  async stop(): Promise<void> {
    this.#abort.abort()
    this.#wake.resolve()
    await this.#ended
  }

  async #work(): Promise<void> {
    const { signal } = this.#abort
    for (let failures = 0; !signal.aborted; ) {
      const joining = this.#joining
      this.#joining = []
      try {
        await this.#read()
        failures = 0
        for (const { join } of joining) join(this.#seen ?? '', this.#isFresh)
        this.#bookmark()
      } catch (error) {
        failures += 1
        if (!signal.aborted) this.#options.onFault(error)
        for (const { refuse } of joining) refuse(error)
        await pause(Math.min(FIRST_PAUSE_MS * 2 ** failures, MAX_PAUSE_MS), signal)
        continue
      }
      await this.#rest()
    }
    for (const { refuse } of this.#joining) refuse(new ApiProblem('service_unavailable', 'the watch is ending'))
  }

  /** Until something may have changed; not at once after a read, so that changes in masses share one. */
  async #rest(): Promise<void> {
    await pause(GAP_MS, this.#abort.signal)
    const timer = setTimeout(() => this.#wake.resolve(), POLL_MS)
    await this.#wake.promise
    clearTimeout(timer)
    this.#wake = Promise.withResolvers()
  }

  async #read(): Promise<void> {
    const { db } = this.#options
    await this.#sayWanted()
    const from = (this.#seen ??= await readSnapshot(db))
    let to: string | null = null
    for (let after: number | null = 0; after !== null; ) {
      const page = await readPage(db, this.#schedules, { from, to, after })
      if (!isNoLater(from, page.to)) return this.#beginAnew(page.to)
      for (const watcher of this.#watchers) {
        const wanted = page.events.filter((event) => watcher.wants(event))
        if (wanted.length > 0) watcher.cork()
        for (const { bytes } of wanted) watcher.send(bytes)
      }
      this.#noteFreshness(page.isFresh)
      ;({ to, more: after } = page)
    }
    this.#seen = to
  }

  /** Not once per read: it is a write. */
  async #sayWanted(): Promise<void> {
    if (performance.now() < this.#wantAtMs) return
    await wantChanges(this.#options.db, WANT_FOR_MS)
    this.#wantAtMs = performance.now() + WANT_EVERY_MS
  }

  /** Another server has taken over, or an older state of this one, and what it has not seen it may count anew. */
  #beginAnew(seen: string): void {
    this.#seen = seen
    const problem = new ApiProblem('gone', 'the database was replaced by an older state of itself: list again, then watch')
    for (const watcher of this.#watchers) watcher.end(problem)
  }

  #noteFreshness(isFresh: boolean): void {
    if (isFresh !== this.#isFresh) this.#bookmarkAtMs = 0
    this.#isFresh = isFresh
  }

  #bookmark(): void {
    if (performance.now() < this.#bookmarkAtMs || this.#seen === null) return
    this.#bookmarkAtMs = performance.now() + BOOKMARK_MS
    const bytes = bookmarkOf(this.#seen, this.#isFresh)
    for (const watcher of this.#watchers) watcher.send(bytes)
  }
}
