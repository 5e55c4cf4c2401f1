import { type AddressInfo, connect as connectSocket, createServer, type Socket } from 'node:net'
import { sql } from 'kysely'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { classifyDatabaseError, isTransient } from '../../src/database/errors.ts'
import { type DatabasePool, openPool } from '../../src/database/pool.ts'
import { type FreshDatabase, freshDatabase } from '../support/postgres.ts'
import { describeOnEachPostgres } from '../support/postgres-majors.ts'

let database: FreshDatabase
let admin: DatabasePool
const closing: (() => Promise<unknown>)[] = []

describeOnEachPostgres('connections', (serverUrl) => {
  beforeEach(async () => {
    database = await freshDatabase(serverUrl)
    admin = openPool({ url: database.url, applicationName: 'admin', max: 1 })
  })
  afterEach(async () => {
    for (const close of closing.splice(0)) await close()
    await admin.close()
    await database.drop()
  })

  describe('a pool', () => {
    it('row 37: survives the loss of idle and of checked-out connections', async () => {
      const errors: Error[] = []
      const { db, pool } = open({ onError: (error) => errors.push(error) })
      const lost = db.transaction().execute(async (trx) => {
        await sql`SELECT 1`.execute(trx)
        await killSessions()
        await expect.poll(() => errors.length).toBeGreaterThan(0)
        await sql`SELECT 1`.execute(trx)
      })
      expect(isTransient(await thrownBy(lost))).toBe(true)

      await sql`SELECT 1`.execute(db)
      await killSessions()
      await expect.poll(() => pool.totalCount).toBe(0)
      await sql`SELECT 1`.execute(db)
    })

    it('rows 37 and 39: calls a killed query, a read-only server, a timed-out statement and a refused connection transient', async () => {
      const { db } = open({ statementTimeoutMs: 200 })
      const sleeping = thrownBy(sql`SELECT pg_sleep(5)`.execute(db))
      expect(isTransient(await sleeping)).toBe(true)
      const readOnly = db
        .transaction()
        .setAccessMode('read only')
        .execute((trx) => sql`CREATE TABLE never ()`.execute(trx))
      expect(isTransient(await thrownBy(readOnly))).toBe(true)
      const nobody = open({ url: 'postgres://nobody@127.0.0.1:9/none' })
      expect(isTransient(await thrownBy(sql`SELECT 1`.execute(nobody.db)))).toBe(true)
    })

    it('tells a bug from a fault', async () => {
      expect(classifyDatabaseError(await thrownBy(sql`SELECT nothing FROM nowhere`.execute(admin.db))).kind).toBe('unknown')
    })

    it('gives up on a server that no longer answers, and comes back with a new connection', async () => {
      const proxy = await startProxy(database.url)
      closing.push(proxy.stop)
      const { db } = open({ url: proxy.url, max: 1, statementTimeoutMs: 100 })
      await sql`SELECT 1`.execute(db)
      proxy.freeze()
      expect(isTransient(await thrownBy(sql`SELECT 2`.execute(db)))).toBe(true)
      await sql`SELECT 3`.execute(db)
      expect(proxy.connections()).toBe(2)
    })

    it('keeps its session when the URL brings options of its own', async () => {
      const url = `${database.url}?options=${encodeURIComponent('-c lock_timeout=7s')}`
      const { db } = open({ url, session: { instance: 'with space', leaseEpoch: 7 } })
      const { rows } = await sql`SELECT current_setting('galaxy.instance') AS instance, current_setting('galaxy.lease_epoch') AS epoch,
        current_setting('lock_timeout') AS timeout`.execute(db)
      expect(rows).toEqual([{ instance: 'with space', epoch: '7', timeout: '7s' }])
    })
  })
})

function open(options: Partial<Parameters<typeof openPool>[0]>): DatabasePool {
  const opened = openPool({ url: database.url, applicationName: 'victim', max: 2, ...options })
  closing.push(opened.close)
  return opened
}

async function killSessions(): Promise<void> {
  await sql`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND application_name = 'victim'`.execute(admin.db)
}

async function thrownBy(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => expect.fail('expected an error'),
    (error: unknown) => error,
  )
}

/** A way to the server that can be made to swallow everything on the connections it has. */
async function startProxy(target: string) {
  const { hostname, port } = new URL(target)
  const sockets = new Set<Socket>()
  let accepted = 0
  const server = createServer((near) => {
    accepted += 1
    const far = connectSocket(Number(port), hostname)
    for (const socket of [near, far]) {
      sockets.add(socket)
      socket.on('error', () => undefined)
      socket.on('close', () => sockets.delete(socket))
    }
    near.pipe(far).pipe(near)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = new URL(target)
  url.hostname = '127.0.0.1'
  // A TCP server has an address of this form once it listens.
  url.port = String((server.address() as AddressInfo).port)
  return {
    url: url.href,
    connections: () => accepted,
    freeze: () => {
      for (const socket of sockets) socket.unpipe().pause()
    },
    stop: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
