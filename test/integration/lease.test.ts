import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { classifyDatabaseError } from '../../src/database/errors.ts'
import { acquireLease, bindInstance, InstanceError, releaseLease, renewLease } from '../../src/database/lease.ts'
import { type DatabasePool, openPool } from '../../src/database/pool.ts'
import { type FreshDatabase, freshDatabase } from '../support/postgres.ts'
import { describeOnEachPostgres } from '../support/postgres-majors.ts'

let database: FreshDatabase
let free: DatabasePool
const opened: DatabasePool[] = []

describeOnEachPostgres('leadership', (serverUrl) => {
  beforeAll(async () => {
    database = await freshDatabase(serverUrl)
    free = openPool({ url: database.url, applicationName: 'standby', max: 4 })
    opened.push(free)
  })
  afterAll(async () => {
    await Promise.all(opened.splice(0).map((pool) => pool.close()))
    await database.drop()
  })

  describe('lease', () => {
    it('row 42: is given to one of many that ask at once', async () => {
      const answers = await Promise.all(Array.from({ length: 8 }, () => acquire('crowd')))
      expect(answers.filter((epoch) => epoch !== null)).toEqual([1])
    })

    it('is refused while it holds, and renewed only under its epoch', async () => {
      expect(await acquire('held')).toBe(1)
      expect(await acquire('held')).toBeNull()
      expect(await renew('held', 1)).toBe(true)
      expect(await renew('held', 2)).toBe(false)
    })

    it('goes to the next holder with a new epoch once it is released; the former may not renew it', async () => {
      expect(await acquire('passed-on')).toBe(1)
      await releaseLease(free.db, { instance: 'passed-on', epoch: 1 })
      expect(await renew('passed-on', 1)).toBe(false)
      expect(await acquire('passed-on')).toBe(2)
      await releaseLease(free.db, { instance: 'passed-on', epoch: 1 })
      expect(await renew('passed-on', 2)).toBe(true)
    })

    it('row 41: that has expired is not revived by its holder', async () => {
      await acquire('expired', { ttlMs: 1 })
      await expect.poll(() => renew('expired', 1, { ttlMs: 1 })).toBe(false)
      expect(await acquire('expired')).toBe(2)
    })

    it('carries the time of observation, which a new term begins without', async () => {
      const observedAt = async () =>
        (await free.db.selectFrom('controller_leases').select('observed_at').where('instance', '=', 'observed').executeTakeFirstOrThrow())
          .observed_at
      await acquire('observed')
      await renew('observed', 1)
      expect(await observedAt()).toBeNull()
      await renew('observed', 1, { testimony: { unseen: [] } })
      expect(await observedAt()).toBeInstanceOf(Date)
      await releaseLease(free.db, { instance: 'observed', epoch: 1 })
      await acquire('observed')
      expect(await observedAt()).toBeNull()
    })
  })

  describe('fence', () => {
    const fenced = [
      `INSERT INTO game_status (game_id) VALUES ('fenced')`,
      `UPDATE runtime_records SET paused = true`,
      `DELETE FROM operation_actions`,
      `UPDATE operation_log SET cause = cause`,
      `INSERT INTO health_events (game_id, type) VALUES ('fenced', 'probe_failed')`,
      `DELETE FROM notification_intents`,
      `UPDATE manifest_files SET problems = '[]'`,
      `UPDATE manifest_documents SET waiting = NULL`,
      `INSERT INTO operation_log (operation_id, game_id, op, source, status, cause, started_at)
         VALUES (gen_random_uuid(), 'fenced', 'start', 'reconciler', 'running', 'x', now())`,
    ]

    it.each(fenced)('refuses without an epoch: %s', async (statement) => {
      expect(await failureOf(free, statement)).toBe('stale_lease')
    })

    it.each(fenced)('refuses under a stale epoch: %s', async (statement) => {
      expect(await failureOf(await stalePool(), statement)).toBe('stale_lease')
    })

    it('row 41: refuses once the lease has expired, even if nobody else took it', async () => {
      const epoch = await acquire('lapsing', { ttlMs: 200 })
      const term = session('lapsing', epoch ?? 0)
      await run(term, `INSERT INTO game_status (game_id) VALUES ('lapsing')`)
      await expect.poll(() => failureOf(term, `UPDATE game_status SET backoff = NULL WHERE game_id = 'lapsing'`)).toBe('stale_lease')
    })

    it('lets anyone queue an operation', async () => {
      await run(
        free,
        `INSERT INTO operation_log (operation_id, game_id, op, source, status, cause, queued_at)
           VALUES (gen_random_uuid(), 'queued', 'restart', 'admin', 'queued', 'asked for', now())`,
      )
    })

    it('makes a takeover wait for a write in flight, but not a renewal', async () => {
      const epoch = await acquire('takeover', { ttlMs: 600_000 })
      const term = session('takeover', epoch ?? 0)
      const writer = await term.pool.connect()
      await writer.query('BEGIN')
      await writer.query(`INSERT INTO game_status (game_id) VALUES ('in-flight')`)
      expect(await renew('takeover', 1, { ttlMs: 1 })).toBe(true)
      await expect.poll(() => renew('takeover', 1, { ttlMs: 1 })).toBe(false)

      const takeover = acquire('takeover')
      await expect.poll(() => waitingSessions()).toBe(1)
      await writer.query('COMMIT')
      writer.release()
      expect(await takeover).toBe(2)
      expect(await failureOf(term, `DELETE FROM game_status WHERE game_id = 'in-flight'`)).toBe('stale_lease')
    })

    it('row 42: shuts out every earlier term when leadership changes a hundred times', async () => {
      for (let turn = 1; turn <= 100; turn += 1) {
        const epoch = await acquire('flapping')
        expect(epoch).toBe(turn)
        await releaseLease(free.db, { instance: 'flapping', epoch: turn })
      }
      expect(await acquire('flapping')).toBe(101)
      expect(await failureOf(session('flapping', 100), `INSERT INTO game_status (game_id) VALUES ('flapped')`)).toBe('stale_lease')
    })
  })

  describe('instance', () => {
    it('that asks first owns the database; another one is told so', async () => {
      const id = await bindInstance(free.db, 'default')
      expect(await bindInstance(free.db, 'default')).toBe(id)
      await expect(bindInstance(free.db, 'second')).rejects.toThrow(InstanceError)
      await expect(bindInstance(free.db, 'second')).rejects.toThrow('belongs to instance "default"')
    })
  })
})

function acquire(instance: string, { ttlMs = 60_000 } = {}): Promise<number | null> {
  return acquireLease(free.db, { instance, holder: 'test', ttlMs, staleAfterMs: 30_000 })
}

function renew(
  instance: string,
  epoch: number,
  { ttlMs = 60_000, testimony = null }: { ttlMs?: number; testimony?: { unseen: string[] } | null } = {},
): Promise<boolean> {
  return renewLease(free.db, { instance, epoch, ttlMs, testimony })
}

function session(instance: string, leaseEpoch: number): DatabasePool {
  const pool = openPool({ url: database.url, applicationName: instance, max: 2, session: { instance, leaseEpoch } })
  opened.push(pool)
  return pool
}

/** A pool of the first term after the second has begun. */
async function stalePool(): Promise<DatabasePool> {
  const instance = `stale-${opened.length}`
  const epoch = (await acquire(instance)) ?? 0
  await releaseLease(free.db, { instance, epoch })
  await acquire(instance)
  return session(instance, epoch)
}

function run(pool: DatabasePool, statement: string) {
  return sql`${sql.raw(statement)}`.execute(pool.db)
}

async function failureOf(pool: DatabasePool, statement: string): Promise<string> {
  return run(pool, statement).then(
    () => 'none',
    (error: unknown) => classifyDatabaseError(error).kind,
  )
}

async function waitingSessions(): Promise<number> {
  const { rows } = await sql<{ waiting: number }>`SELECT count(*) AS waiting FROM pg_locks
    WHERE NOT granted AND pid IN (SELECT pid FROM pg_stat_activity WHERE datname = current_database())`.execute(free.db)
  return rows[0]?.waiting ?? 0
}
