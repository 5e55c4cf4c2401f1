import type { ServerResponse } from 'node:http'
import { Schedules } from '../../turns/schedule.ts'
import { ApiProblem } from '../problem.ts'
import type { Window } from './changes.ts'
import { bookmarkOf } from './event.ts'
import { type HubOptions, WatchHub } from './hub.ts'
import { readPage } from './pages.ts'
import { isNoLater, type Position } from './position.ts'
import { Watcher, type WatchFilter } from './watcher.ts'

export interface WatchRequest extends WatchFilter {
  /** Null: from now on. */
  readonly position: Position | null
  /** The reader is gone, or not allowed to read on; its reason is told. */
  readonly signal: AbortSignal
}

/** Where the API's watches are served: nothing while nobody watches, one hub for all who do. */
export class WatchDesk {
  readonly #options: Omit<HubOptions, 'onIdle'>
  readonly #schedules = new Schedules()
  #hub: WatchHub | null = null

  constructor(options: Omit<HubOptions, 'onIdle'>) {
    this.#options = options
  }

  /**
   * Answers with server-sent events until the signal aborts or the response is closed: first what has happened since the
   * position, then what happens.
   *
   * @param begin writes the head of the answer; called when nothing can be refused any more
   * @throws ApiProblem `gone` for a position that can't be gone on from, `service_unavailable`; then nothing is answered yet
   */
  async serve(response: ServerResponse, request: WatchRequest, begin: () => void): Promise<void> {
    const watcher = new Watcher(response, request)
    const hub = (this.#hub ??= this.#open())
    const leave = () => hub.leave(watcher)
    response.once('close', leave)
    try {
      const { seen, isFresh } = await hub.join(watcher)
      const missed = await this.#missedSince(request.position, seen)
      begin()
      endWith(watcher, request.signal)
      for (const window of missed) await this.#catchUp(watcher, window)
      watcher.catchUp(bookmarkOf(seen, isFresh))
      watcher.live()
    } catch (error) {
      if (!response.headersSent) throw error
      watcher.end(error)
    } finally {
      // It may have gone before it was in; and what was refused never goes.
      if (response.closed || !response.headersSent) leave()
    }
  }

  /** Ends the reading; those who watch are ended by their signals. */
  async close(): Promise<void> {
    await this.#hub?.stop()
  }

  #open(): WatchHub {
    const hub = new WatchHub({
      ...this.#options,
      onIdle: () => {
        if (this.#hub === hub) this.#hub = null
      },
    })
    return hub
  }

  /** What was missed: the rest of what had been read at once, then everything since. */
  async #missedSince(position: Position | null, seen: string): Promise<readonly Missed[]> {
    if (position === null) return []
    const { seen: from, next } = position
    if (!isNoLater(next?.snapshot ?? from, seen)) throw gone('the position is of another history of this database, or of a later time')
    const { isTooOld } = await readPage(this.#options.db, this.#schedules, { from, to: from, after: 0 })
    if (isTooOld) throw tooOld()
    return next === undefined
      ? [{ from, to: seen, after: 0 }]
      : [
          { from, to: next.snapshot, after: next.through },
          { from: next.snapshot, to: seen, after: 0 },
        ]
  }

  async #catchUp(watcher: Watcher, { from, to, after: begin }: Missed): Promise<void> {
    for (let after: number | null = begin; after !== null && !watcher.isEnded; ) {
      const page = await readPage(this.#options.db, this.#schedules, { from, to, after })
      if (page.isTooOld) throw tooOld()
      for (const event of page.events) if (watcher.wants(event)) watcher.catchUp(event.bytes)
      await watcher.drained()
      after = page.more
    }
  }
}

type Missed = Window & { readonly to: string }

function endWith(watcher: Watcher, signal: AbortSignal): void {
  const end = () => watcher.end(signal.reason)
  signal.addEventListener('abort', end, { once: true })
  if (signal.aborted) end()
}

function tooOld(): ApiProblem {
  return gone('the position is too old: what has happened since is not kept any more')
}

function gone(detail: string): ApiProblem {
  return new ApiProblem('gone', `${detail}; list again, then watch`)
}
