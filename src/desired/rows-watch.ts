import { type Kysely, sql } from 'kysely'
import { type Clock, every, systemClock } from '../clock.ts'
import { listen } from '../database/listen.ts'
import type { Database } from '../database/tables.ts'
import type { DesiredGame, EngineVersion } from '../model/game.ts'
import { pause } from '../pause.ts'
import { type RegistryRows, readVersions, selectDesired } from './rows.ts'
import { RowsMemory, type RowVersion } from './rows-memory.ts'
import { addWish, noWishes, refuse, type Wish, type Wishes } from './rows-wishes.ts'

export interface WatchOptions {
  /** Where to LISTEN; one connection, never through a transaction pooler. */
  readonly url: string
  /** Where to read; needs no lease. */
  readonly db: Kysely<Database>
  /** Called after memory holds the new rows. Must not throw. */
  readonly onChange: (gameIds: readonly string[] | 'all', kind: DesiredChange) => void
  /** A fault that is retried anyway; for the log. */
  readonly onError?: ((error: unknown) => void) | undefined
  /** Longest a lost notification can stay unnoticed, in ms. */
  readonly pollMs: number
  readonly signal: AbortSignal
  /** The system's when left out. */
  readonly clock?: Clock
  /** A connection of its own when left out. */
  readonly listen?: typeof listen
}

/** `live`: written just now. `resync`: found by a full compare. `registry`: an engine version changed; every game may care. */
export type DesiredChange = 'live' | 'resync' | 'registry'

/** The desired side in memory: as last read, kept while the database is away. */
export interface DesiredWatch {
  /** Resolves when everything has been read once; rejects only when stopped before. */
  readonly listed: Promise<void>
  /** The row, or its last version that could be read. Undefined with a `problem`: unknown, which is not absent. */
  get(gameId: string): DesiredGame | undefined
  /** Why the present version of the row cannot be read. */
  problem(gameId: string): string | undefined
  keys(): readonly string[]
  registry(): RegistryRows
  versions(): readonly EngineVersion[]
  /** The row is gone in this version: its notification may come later than the next look at the game. */
  drop(gameId: string, resourceVersion: string): void
  /** Compares all keys, and reports what differs as `resync`. @throws what the database threw */
  resync(): Promise<void>
  stop(): Promise<void>
}

/** Follows `desired_games` and `engine_versions`: LISTEN first, then a full list, then notifications backed by a poll. */
export function watchDesired(options: WatchOptions): DesiredWatch {
  return new RowsWatch(options)
}

const GAMES = 'galaxy_desired'
const VERSIONS = 'galaxy_versions'
const MAX_PAUSE_MS = 5_000

/**
 * Two loops and a timer. `#listening`: connect → LISTEN → ask for a full compare → wait for the connection's end → again.
 * `#reading`: one read at a time, so that what is put into memory never gets older; wishes that come in meanwhile are
 * gathered and answered together by the next.
 */
class RowsWatch implements DesiredWatch {
  readonly listed: Promise<void>
  readonly #options: WatchOptions
  readonly #abort = new AbortController()
  readonly #memory = new RowsMemory()
  readonly #loops: Promise<unknown>
  readonly #onListed: () => void
  readonly #clock: Clock
  readonly #stopPolling: () => void
  #registry: RegistryRows = { versions: [], problems: [] }
  #wishes: Wishes = noWishes()
  #wake = Promise.withResolvers<void>()
  /** Transactions below this are all in memory; null until the first full list. */
  #seenBelowXid: string | null = null

  constructor(options: WatchOptions) {
    this.#options = options
    this.#clock = options.clock ?? systemClock
    const listed = Promise.withResolvers<void>()
    this.listed = listed.promise
    this.listed.catch(() => undefined)
    this.#onListed = listed.resolve
    this.#abort.signal.addEventListener('abort', () => listed.reject(stopped()))
    options.signal.addEventListener('abort', this.#onAbort, { once: true })
    this.#stopPolling = every(options.pollMs, () => this.#wish({ changes: true, registry: true }), this.#clock)
    this.#loops = Promise.all([this.#listening(), this.#reading()])
    if (options.signal.aborted) this.#onAbort()
  }

  get(gameId: string): DesiredGame | undefined {
    return this.#memory.get(gameId)
  }

  problem(gameId: string): string | undefined {
    return this.#memory.problem(gameId)
  }

  keys(): readonly string[] {
    return this.#memory.keys()
  }

  registry(): RegistryRows {
    return this.#registry
  }

  versions(): readonly EngineVersion[] {
    return this.#registry.versions
  }

  drop(gameId: string, resourceVersion: string): void {
    if (this.#memory.drop(gameId, resourceVersion)) this.#options.onChange([gameId], 'live')
  }

  async resync(): Promise<void> {
    if (this.#abort.signal.aborted) throw stopped()
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.#wish({ everything: true, waiting: [{ resolve, reject }] })
    await promise
  }

  async stop(): Promise<void> {
    this.#onAbort()
    await this.#loops
  }

  readonly #onAbort = (): void => {
    this.#stopPolling()
    this.#options.signal.removeEventListener('abort', this.#onAbort)
    this.#abort.abort()
    this.#wake.resolve()
  }

  async #listening(): Promise<void> {
    const { signal } = this.#abort
    for (let failures = 0; !signal.aborted; failures += 1) {
      try {
        await this.#listenOnce(() => {
          failures = 0
        })
      } catch (error) {
        this.#options.onError?.(error)
      }
      await pause(pauseAfter(failures), signal, this.#clock)
    }
  }

  async #listenOnce(onConnected: () => void): Promise<void> {
    const { signal } = this.#abort
    const connection = { url: this.#options.url, applicationName: 'galaxy-listen' }
    const { listen: connect = listen } = this.#options
    const listener = await connect(connection, [GAMES, VERSIONS], (channel, gameId) =>
      this.#wish(channel === GAMES ? { gameIds: [gameId] } : { registry: true }),
    )
    // A connection that dies silently is found out by asking; the poll has covered for it meanwhile.
    const stopChecking = every(this.#options.pollMs, () => void listener.check(), this.#clock)
    const onAbort = () => void listener.stop()
    signal.addEventListener('abort', onAbort)
    try {
      if (signal.aborted) return
      onConnected()
      this.#wish({ everything: true, registry: true })
      await listener.ended
    } finally {
      stopChecking()
      signal.removeEventListener('abort', onAbort)
      await listener.stop()
    }
  }

  #wish(wish: Wish): void {
    addWish(this.#wishes, wish)
    this.#wake.resolve()
  }

  async #reading(): Promise<void> {
    const { signal } = this.#abort
    for (let failures = 0; ; ) {
      await this.#wake.promise
      this.#wake = Promise.withResolvers<void>()
      const wishes = this.#wishes
      this.#wishes = noWishes()
      if (signal.aborted) return refuse(wishes, stopped())
      try {
        await this.#answer(wishes)
        failures = 0
        for (const { resolve } of wishes.waiting) resolve()
      } catch (error) {
        failures += 1
        refuse(wishes, error)
        this.#options.onError?.(error)
        this.#wish({ ...wishes, waiting: [] })
        await pause(pauseAfter(failures), signal, this.#clock)
      }
    }
  }

  async #answer(wishes: Wishes): Promise<void> {
    if (wishes.registry) await this.#readRegistry()
    if (wishes.gameIds.size > 0) await this.#read([...wishes.gameIds], 'live')
    if (wishes.everything || (wishes.changes && this.#seenBelowXid === null)) await this.#compareAll()
    else if (wishes.changes) await this.#readChanges(this.#seenBelowXid)
  }

  async #readRegistry(): Promise<void> {
    const registry = await readVersions(this.#options.db)
    if (JSON.stringify(registry) === JSON.stringify(this.#registry)) return
    this.#registry = registry
    // Before the first list there is nothing yet that could care.
    if (this.#seenBelowXid !== null) this.#options.onChange('all', 'registry')
  }

  /** Rows that commit late have a transaction id at or above the last snapshot's xmin, however low their sequence value. */
  async #readChanges(sinceXid: string | null): Promise<void> {
    const { belowXid, total, versions } = await listVersions(this.#options.db, sinceXid)
    await this.#read(this.#memory.outdated(versions), 'live')
    this.#seenBelowXid = belowXid
    // Only a deletion whose notification was lost leaves more here than there.
    if (this.#memory.size !== total) await this.#compareAll()
  }

  async #compareAll(): Promise<void> {
    const isFirst = this.#seenBelowXid === null
    const { belowXid, versions } = await listVersions(this.#options.db, null)
    const keys = [...this.#memory.outdated(versions), ...this.#memory.missingFrom(versions)]
    await this.#read(keys, isFirst ? 'first' : 'resync')
    this.#seenBelowXid = belowXid
    if (!isFirst) return
    this.#onListed()
    this.#options.onChange('all', 'resync')
  }

  async #read(gameIds: readonly string[], kind: DesiredChange | 'first'): Promise<void> {
    if (gameIds.length === 0) return
    const changed = this.#memory.put(gameIds, await selectDesired(this.#options.db, gameIds))
    if (changed.length > 0 && kind !== 'first') this.#options.onChange(changed, kind)
  }
}

/** All rows, or those written by transactions from `sinceXid` on; the snapshot's xmin and row count come from the same instant. */
async function listVersions(
  db: Kysely<Database>,
  sinceXid: string | null,
): Promise<{ readonly belowXid: string; readonly total: number; readonly versions: readonly RowVersion[] }> {
  const { rows } = await sql<{ below_xid: string; total: number; game_id: string | null; resource_version: number }>`
    SELECT s.below_xid, s.total, d.game_id, d.resource_version
      FROM (SELECT pg_snapshot_xmin(pg_current_snapshot())::text AS below_xid, (SELECT count(*) FROM desired_games) AS total) s
      LEFT JOIN desired_games d ON ${sinceXid}::text IS NULL OR d.written_xid >= ${sinceXid}::text::xid8`.execute(db)
  const versions = rows.flatMap((row) => (row.game_id === null ? [] : { gameId: row.game_id, resourceVersion: row.resource_version }))
  return { belowXid: rows[0]?.below_xid ?? '0', total: rows[0]?.total ?? 0, versions }
}

/** 100 ms doubling to 5 s. */
function pauseAfter(failures: number): number {
  return Math.min(100 * 2 ** failures, MAX_PAUSE_MS)
}

function stopped(): Error {
  return new Error('the watch of desired games was stopped')
}
