import type { WatchRequest } from './check-watch.ts'
import type { LobbyDatabase } from './connection.ts'
import { earlier, parseCursor } from './cursor.ts'
import { type LobbyError, toLobbyError } from './errors.ts'
import { pause } from './pause.ts'
import { type Page, type PageRequest, readPage, type Snapshot } from './snapshots.ts'
import { type WakeUp, wakeOnSnapshots } from './wake-up.ts'

/** How soon to look again for what an open transaction holds back; doubled up to the poll's. */
const FIRST_RELOOK_MS = 10

export interface WatchContext {
  readonly database: LobbyDatabase
  readonly signal: AbortSignal
  /** A fault that is tried again. */
  readonly onError: (error: LobbyError) => void
}

/**
 * Snapshots in the order in which they became final: first what is stored, then what comes. What fails for a while is
 * tried again; what will not mend by itself is thrown. Ends quietly when aborted.
 *
 * @throws LobbyError
 */
export async function* followSnapshots(context: WatchContext, request: WatchRequest): AsyncGenerator<Snapshot, void, undefined> {
  const { database, signal, onError } = context
  if (signal.aborted) return
  const wakeUp = wakeOnSnapshots(database, onError)
  // A consumer that is busy with a snapshot would come back too late for the connection to be ended.
  const onAbort = () => void wakeUp.stop()
  signal.addEventListener('abort', onAbort)
  try {
    for await (const snapshots of pages(context, request, wakeUp)) {
      for (const snapshot of snapshots) {
        if (signal.aborted) return
        yield snapshot
      }
    }
  } finally {
    signal.removeEventListener('abort', onAbort)
    await wakeUp.stop()
  }
}

/** Goes on to the next page when the one before is consumed. */
async function* pages(context: WatchContext, request: WatchRequest, wakeUp: WakeUp): AsyncGenerator<readonly Snapshot[], void, undefined> {
  const { gameIds, pollMs, pageSize } = request
  let after = request.after
  let delivered = request.after
  let relookMs = FIRST_RELOOK_MS
  for (let failures = 0; !context.signal.aborted; ) {
    const page = await tryPage(context, { after, gameIds, limit: pageSize })
    if (page === null) {
      // Another server may have taken over that never saw the last transactions of the former, and counts them anew.
      after = earlier(after, delivered)
      await pause(failures, context.signal)
      failures += 1
      continue
    }
    failures = 0
    after = page.end
    const last = page.snapshots.at(-1)
    if (last !== undefined) {
      yield page.snapshots
      delivered = parseCursor(last.cursor) ?? delivered
    }
    if (page.isFull) continue
    relookMs = page.isHeldBack && last === undefined ? Math.min(2 * relookMs, pollMs) : FIRST_RELOOK_MS
    await wakeUp.wait(page.isHeldBack ? Math.min(relookMs, pollMs) : pollMs)
  }
}

/** @returns null when the read failed in a way that may mend by itself, or was not waited for */
async function tryPage({ database, signal, onError }: WatchContext, request: PageRequest): Promise<Page | null> {
  try {
    return await unlessAborted(readPage(database, request), signal)
  } catch (error) {
    if (signal.aborted) return null
    const failure = toLobbyError(error, null)
    if (failure.code !== 'service_unavailable') throw failure
    onError(failure)
    return null
  }
}

/** A query cannot be called back, but nobody has to wait for its answer. */
async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = Promise.withResolvers<never>()
  const onAbort = () => aborted.reject(signal.reason)
  signal.addEventListener('abort', onAbort)
  try {
    return await Promise.race([work, aborted.promise])
  } finally {
    signal.removeEventListener('abort', onAbort)
    work.catch(() => undefined)
  }
}
