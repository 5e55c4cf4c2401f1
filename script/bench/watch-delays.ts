import { setTimeout as delay } from 'node:timers/promises'
import type { ApiAddress } from '../../src/api/address-file.ts'
import type { DatabasePool } from '../../src/database/pool.ts'
import { until } from '../../test/support/until.ts'
import { forkProgram } from './forked.ts'
import { median, percentile } from './statistics.ts'
import type { Arrival, WatchersTask } from './watchers.ts'

export interface WatchDelays {
  readonly changes: number
  readonly clients: number
  /** Commit until the event is there, of every change and client. */
  readonly medianMs: number
  readonly p99Ms: number
  readonly mostMs: number
  /** Of all changes and clients. */
  readonly missed: number
}

export interface WatchDelaysOptions {
  readonly database: DatabasePool
  readonly gameIds: readonly string[]
  readonly api: ApiAddress
  readonly changes: number
  readonly signal: AbortSignal
}

const CLIENTS = 200
const LABEL = 'bench'
/** Uneven, so that no timer of the controller keeps step. */
const EVERY_MS = 47
const LAST_MS = 5_000

/** One game after the other is changed, while so many watch all of them. */
export async function watchDelays({ database, gameIds, api, changes, signal }: WatchDelaysOptions): Promise<WatchDelays> {
  const watchers = forkProgram({ program: 'watchers.ts' }, signal)
  try {
    await watchers.ask({ ...api, clients: CLIENTS, label: LABEL } satisfies WatchersTask)
    const committedMs: number[] = []
    for (let change = 0; change < changes; change += 1) {
      // A prime: games of all pages, none twice in a row.
      const gameId = gameIds[(change * 7_919) % gameIds.length]
      await database.pool.query(`UPDATE desired_games SET labels = jsonb_build_object('${LABEL}', $2::text) WHERE game_id = $1`, [
        gameId,
        change,
      ])
      committedMs.push(performance.timeOrigin + performance.now())
      await delay(EVERY_MS * (0.5 + (change % 11) / 10), undefined, { signal })
    }
    return delaysOf(committedMs, await arrivalsOf(watchers.ask, changes))
  } finally {
    await watchers.stop()
  }
}

async function arrivalsOf(ask: (what: string) => Promise<unknown>, changes: number): Promise<readonly Arrival[]> {
  const arrivals: Arrival[] = []
  const take = async (): Promise<number> => {
    arrivals.push(...((await ask('take')) as readonly Arrival[])) // watchers.ts sends nothing else by now
    return arrivals.length
  }
  await until(take, (count) => count >= changes * CLIENTS, 'everybody is told of everything', LAST_MS).catch(() => undefined)
  return arrivals
}

/** A change may be told again, with what the controller made of it: the first time counts. */
function delaysOf(committedMs: readonly number[], arrivals: readonly Arrival[]): WatchDelays {
  const first = new Map<string, number>()
  for (const { client, change, atMs } of arrivals) {
    const key = `${client} ${change}`
    if (!first.has(key)) first.set(key, atMs - (committedMs[change] ?? Number.NaN))
  }
  const delays = [...first.values()]
  const expected = committedMs.length * CLIENTS
  return {
    changes: committedMs.length,
    clients: CLIENTS,
    medianMs: median(delays),
    p99Ms: percentile(delays, 0.99),
    mostMs: delays.reduce((most, each) => Math.max(most, each), 0),
    missed: expected - delays.length,
  }
}
