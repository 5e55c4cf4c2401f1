import { afterAll, beforeAll, test } from 'vitest'
import { acquireLease } from '../../src/database/lease.ts'
import { type DatabasePool, openPool } from '../../src/database/pool.ts'
import { freshDatabase } from '../support/postgres.ts'

/**
 * `it` for a suite on a database of its own. A test is given `term`, the connections of the term that leads; `stale`, those
 * of one that is over; and a `gameId` that no other test has.
 */
export function storeTest(serverUrl: string) {
  let terms: Terms
  let games = 0
  beforeAll(async () => {
    terms = await openTerms(serverUrl)
  })
  afterAll(() => terms.drop())
  return test
    .extend('term', () => terms.present)
    .extend('stale', () => terms.past)
    .extend('gameId', () => `game-${(games += 1)}`)
}

interface Terms {
  readonly present: DatabasePool
  readonly past: DatabasePool
  drop(): Promise<void>
}

async function openTerms(serverUrl: string): Promise<Terms> {
  const database = await freshDatabase(serverUrl)
  const [present, past] = [openTerm(database.url, 1), openTerm(database.url, 0)]
  await acquireLease(present.db, { instance: 'default', holder: 'test', ttlMs: 600_000, staleAfterMs: 30_000 })
  const drop = async () => {
    await Promise.all([present.close(), past.close()])
    await database.drop()
  }
  return { present, past, drop }
}

function openTerm(url: string, leaseEpoch: number): DatabasePool {
  return openPool({ url, applicationName: 'test', max: 3, session: { instance: 'default', leaseEpoch } })
}
