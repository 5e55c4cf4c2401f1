import type { Kysely } from 'kysely'
import type { Database } from './database/tables.ts'
import type { DriveState } from './drive.ts'
import type { ReadTerm } from './metrics/figures.ts'
import { type OutboxFigures, readOutboxFigures } from './outbox/figures.ts'
import { pause } from './pause.ts'

export interface FigureSources {
  readonly state: DriveState
  readonly db: Kysely<Database>
  /** Without a webhook what is in the outbox waits for nobody. */
  readonly hasWebhook: boolean
  readonly signal: AbortSignal
}

/** What metrics read of the term under way; nothing on a standby. */
export function termFigures({ state, db, hasWebhook, signal }: FigureSources): ReadTerm {
  const readOutbox = rememberBriefly(() => readOutboxFigures(db))
  const outbox = async () => (hasWebhook ? answeredInTime(readOutbox(), signal) : null)
  return () => {
    if (state.active === null) return null
    const { loop, world, deps } = state.active
    return {
      queue: loop.figures,
      world,
      games: () => deps.games.known().map(({ record, status }) => ({ status: record?.status ?? null, conditions: status.conditions })),
      outbox,
    }
  }
}

/** A scraper waits ten seconds for everything; a database that hangs must not cost it all the rest. */
const OUTBOX_WITHIN_MS = 1_000
/** However many scrape, and however often. */
const OUTBOX_FOR_MS = 2_000

async function answeredInTime(figures: Promise<OutboxFigures>, signal: AbortSignal): Promise<OutboxFigures | null> {
  const ended = new AbortController()
  try {
    return await Promise.race([figures, pause(OUTBOX_WITHIN_MS, AbortSignal.any([signal, ended.signal])).then(() => null)])
  } catch {
    // The log tells of the database elsewhere; here its figures are missing.
    return null
  } finally {
    ended.abort()
  }
}

/** Reads anew when the last reading is old, and not while it is under way: what hangs holds one connection, and no more. */
function rememberBriefly<T>(read: () => Promise<T>): () => Promise<T> {
  let last: { readonly figures: Promise<T>; readonly atMs: number; isUnderWay: boolean } | null = null
  return () => {
    const nowMs = performance.now()
    if (last !== null && (last.isUnderWay || nowMs - last.atMs < OUTBOX_FOR_MS)) return last.figures
    const reading = { figures: read(), atMs: nowMs, isUnderWay: true }
    const ended = (): void => {
      reading.isUnderWay = false
    }
    reading.figures.then(ended, ended)
    last = reading
    return reading.figures
  }
}
