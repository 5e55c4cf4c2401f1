import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { classifyDatabaseError } from '../../src/database/errors.ts'
import { acquireLease, releaseLease } from '../../src/database/lease.ts'
import { type DatabasePool, openPool } from '../../src/database/pool.ts'
import { adoptOrphan } from '../../src/desired/adopt.ts'
import { container } from '../support/planning.ts'
import { type FreshDatabase, freshDatabase } from '../support/postgres.ts'
import { describeOnEachPostgres } from '../support/postgres-majors.ts'

/** What may be written without the current epoch, and why; every other table is the lease holder's. */
const OPEN: Readonly<Record<string, string>> = {
  'api_tokens INSERT': 'an admin’s, by the API of any controller; no game depends on it',
  'api_tokens UPDATE': 'the same: a revocation, and the last use',
  'adopted_deployments INSERT': 'an operator’s word, which a controller takes up while it leads',
  'adopted_deployments UPDATE': 'nobody does',
  'adopted_deployments DELETE': 'nobody does',
  'api_tokens DELETE': 'nobody does',
  'controller_leases INSERT': 'it is what the fence asks',
  'controller_leases UPDATE': 'it is what the fence asks; a renewal names its epoch',
  'controller_leases DELETE': 'it is what the fence asks',
  'deployment INSERT': 'the first migration makes its one row',
  'deployment UPDATE': 'bound once, before there is a lease',
  'deployment DELETE': 'nobody does',
  'desired_changes INSERT': 'the trigger of desired_games, which anybody may write',
  'desired_games INSERT': 'the doors’; an adoption stands under the fence of game_status',
  'desired_games UPDATE': 'the doors’; manifests write manifest_documents in the same transaction',
  'desired_games DELETE': 'the doors’: a tombstone; the removal stands under the fence of game_status',
  'engine_versions INSERT': 'the doors’; manifests write manifest_documents in the same transaction',
  'engine_versions UPDATE': 'the doors’; manifests write manifest_documents in the same transaction',
  'engine_versions DELETE': 'the doors’; manifests write manifest_documents in the same transaction',
  'operation_log INSERT': 'whoever may ask may queue one; a running one is refused row by row',
  'watch_changes INSERT': 'the triggers of games, operations and turns, which stand under their own fences',
  'watch_state INSERT': 'the migration makes its one row',
  'watch_state UPDATE': 'any controller’s API says that somebody watches; the horizon moves in the statement that deletes, under its fence',
  'watch_state DELETE': 'nobody does',
  'outbox UPDATE': 'a replay is anybody’s wish; an acknowledgement is true whoever got it',
}

let database: FreshDatabase
let free: DatabasePool
let stale: DatabasePool
let current: DatabasePool

describeOnEachPostgres('a stale epoch', (serverUrl) => {
  beforeAll(async () => {
    database = await freshDatabase(serverUrl)
    free = openPool({ url: database.url, applicationName: 'standby', max: 2 })
    const former = await acquire()
    await releaseLease(free.db, { instance: 'test', epoch: former })
    stale = term(former)
    current = term(await acquire())
  })
  afterAll(async () => {
    await Promise.all([free, stale, current].map((pool) => pool.close()))
    await database.drop()
  })

  it('row 41: is refused by every table that there is, in every kind of write, but for those that are open to all', async () => {
    const refused: string[] = []
    const taken: string[] = []
    for (const table of await tables()) {
      for (const [kind, statement] of Object.entries(await writesOf(table))) {
        expect(await failureOf(current, statement), statement).toBeNull()
        const failure = await failureOf(stale, statement)
        if (failure === null) taken.push(`${table} ${kind}`)
        else expect(`${statement}: ${failure}`).toBe(`${statement}: stale_lease`)
        if (failure !== null) refused.push(`${table} ${kind}`)
      }
    }
    expect(taken.toSorted()).toEqual(Object.keys(OPEN).toSorted())
    expect(refused.length).toBeGreaterThanOrEqual(35)
  })

  describe('of a controller that was away while a game was deleted', () => {
    it('row 41: does not bring it back by adopting what it saw then', async () => {
      await expect(adoptOrphan(stale.db, 'seen-before', container())).rejects.toThrow(/stale lease/)
      expect(await desired()).toEqual([])
      await adoptOrphan(current.db, 'seen-now', container())
      expect(await desired()).toEqual(['seen-now'])
    })
  })

  /** Ordinary tables; those of the migrator are written while nobody leads. */
  async function tables(): Promise<readonly string[]> {
    const { rows } = await sql<{ name: string }>`
      SELECT relname AS name FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace
       WHERE nspname = current_schema() AND relkind IN ('r', 'p') AND relname NOT LIKE 'kysely%' ORDER BY relname`.execute(free.db)
    return rows.map(({ name }) => name)
  }

  /** Of no row: the fence is asked once per statement. */
  async function writesOf(table: string): Promise<Readonly<Record<'INSERT' | 'UPDATE' | 'DELETE', string>>> {
    const { rows } = await sql<{ name: string }>`
      SELECT attname AS name FROM pg_attribute
       WHERE attrelid = ${table}::regclass AND attnum > 0 AND NOT attisdropped AND attidentity = '' AND attgenerated = ''`.execute(free.db)
    const columns = rows.map(({ name }) => `"${name}"`).join(', ')
    return {
      INSERT: `INSERT INTO ${table} (${columns}) SELECT ${columns} FROM ${table} WHERE false`,
      UPDATE: `UPDATE ${table} SET ${rows.map(({ name }) => `"${name}" = "${name}"`).join(', ')} WHERE false`,
      DELETE: `DELETE FROM ${table} WHERE false`,
    }
  }

  async function desired(): Promise<readonly string[]> {
    return (await free.db.selectFrom('desired_games').select('game_id').execute()).map((row) => row.game_id)
  }

  async function acquire(): Promise<number> {
    const epoch = await acquireLease(free.db, { instance: 'test', holder: 'test', ttlMs: 600_000, staleAfterMs: 30_000 })
    return epoch ?? Number.NaN
  }

  function term(leaseEpoch: number): DatabasePool {
    return openPool({ url: database.url, applicationName: 'term', max: 2, session: { instance: 'test', leaseEpoch } })
  }

  async function failureOf({ db }: DatabasePool, statement: string): Promise<string | null> {
    try {
      await sql.raw(statement).execute(db)
      return null
    } catch (error) {
      return classifyDatabaseError(error).kind
    }
  }
})
