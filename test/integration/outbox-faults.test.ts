import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { sql } from 'kysely'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { until } from '../support/until.ts'
import { type OutboxUnderTest, SECRET, startOutbox } from './outbox-fixture.ts'
import { OK } from './outbox-receiver.ts'

let outbox: OutboxUnderTest
beforeEach(async () => {
  outbox = await startOutbox()
})
afterEach(() => outbox.stop())

const PROGRAM = fileURLToPath(new URL('outbox-process.ts', import.meta.url))
const received = (n: number) =>
  until(
    () => outbox.receiver.received.length,
    (length) => length >= n,
    `${n} received`,
  )

describe('a deliverer', () => {
  it('row 48: that is killed between sending and writing it down loses nothing: the next one sends it again', async () => {
    await outbox.tell(['a', 1], ['a', 2], ['b', 1], ['a', 3], ['b', 2])
    for (const victim of ['a.1', 'a.2', 'b.2']) {
      const child = spawn(process.execPath, [PROGRAM, outbox.databaseUrl, outbox.receiver.url, SECRET], { stdio: 'inherit' })
      outbox.receiver.behave = ({ eventId }) => {
        if (eventId === victim) child.kill('SIGKILL')
        return OK
      }
      await once(child, 'exit')
    }
    outbox.receiver.behave = () => OK
    outbox.deliver()
    await outbox.settled()
    for (const [game, ids] of [
      ['a', ['a.1', 'a.2', 'a.3']],
      ['b', ['b.1', 'b.2']],
    ] as const) {
      const seen = outbox.receiver.idsOf(game)
      expect([...new Set(seen)]).toEqual(ids)
      // An event may come again, but never before one that was not acknowledged and written.
      expect(seen).toEqual(seen.toSorted())
    }
    expect(outbox.receiver.received.filter(({ eventId }) => eventId === 'a.1').length).toBeGreaterThan(1)
    expect((await outbox.rows()).every(({ isDelivered }) => isDelivered)).toBe(true)
  })

  it('row 40: finds what no notification told it of, at the next poll', async () => {
    await sql`ALTER TABLE outbox DISABLE TRIGGER outbox_notify`.execute(outbox.pool.db)
    outbox.deliver({ pollMs: 200 })
    await outbox.tell(['a', 1])
    await outbox.settled()
    await outbox.tell(['a', 2])
    await outbox.settled()
    expect(outbox.receiver.idsOf('a')).toEqual(['a.1', 'a.2'])
  })

  it('goes on by polls while it cannot listen', async () => {
    const nowhere = new URL(outbox.databaseUrl)
    nowhere.pathname = '/no_such_database'
    outbox.deliver({ pollMs: 200, url: nowhere.href })
    await outbox.tell(['a', 1])
    await outbox.settled()
    await until(
      () => outbox.faults.length,
      (length) => length > 0,
      'a fault is told',
    )
    await outbox.tell(['a', 2])
    await outbox.settled()
  })

  it('listens again after its connection was ended', async () => {
    outbox.deliver({ pollMs: 60_000 })
    const listening = async () => {
      const { rows } = await sql<{ pid: number }>`
        SELECT pid FROM pg_stat_activity WHERE application_name = 'galaxy-outbox' AND query LIKE 'LISTEN%'
           AND datname = current_database()`.execute(outbox.pool.db)
      return rows[0]?.pid
    }
    const first = await until(listening, (pid) => pid !== undefined, 'it listens')
    await sql`SELECT pg_terminate_backend(${first})`.execute(outbox.pool.db)
    await outbox.tell(['a', 1])
    await outbox.settled()
    await until(listening, (pid) => pid !== undefined && pid !== first, 'it listens again')
    await outbox.tell(['a', 2])
    await outbox.settled()
  })

  it('goes on after its database connections broke', async () => {
    let broken = 0
    outbox.receiver.behave = () => {
      broken += 1
      if (broken % 10 === 0) void breakConnections()
      return OK
    }
    const breakConnections = () =>
      sql`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
           WHERE datname = current_database() AND pid <> pg_backend_pid()`
        .execute(outbox.pool.db)
        .catch(() => undefined)
    const ids = Array.from({ length: 30 }, (_, index) => index + 10)
    await outbox.tell(...ids.map((n) => ['a', n] as const))
    outbox.deliver()
    await until(
      () => outbox.rows().catch(() => []),
      (rows) => rows.length === 30 && rows.every(({ isDelivered }) => isDelivered),
      'everything is delivered',
    )
    expect([...new Set(outbox.receiver.idsOf('a'))]).toEqual(ids.map((n) => `a.${n}`))
  })

  it('asks nothing but its polls while nothing waits', async () => {
    const asked: number[] = []
    const db = outbox.pool.db.withPlugin({
      transformQuery: ({ node }) => {
        asked.push(performance.now())
        return node
      },
      transformResult: async ({ result }) => result,
    })
    await outbox.tell(['a', 1], ['b', 1])
    outbox.deliver({ db, pollMs: 400 })
    await outbox.settled()
    await until(
      () => asked.length,
      (length) => length >= 8,
      'polls',
    )
    const gaps = asked.slice(1).map((atMs, index) => atMs - (asked[index] ?? 0))
    expect(Math.min(...gaps.slice(-3))).toBeGreaterThan(350)
  })
})

describe('the end of a delivery', () => {
  it('lets what is under way come to its end, writes it, and begins nothing', async () => {
    const { promise, resolve } = Promise.withResolvers<void>()
    outbox.receiver.behave = () => ({ kind: 'after', until: promise, status: 200 })
    await outbox.tell(['a', 1], ['a', 2])
    const delivery = outbox.deliver()
    await received(1)
    const stopped = delivery.stop()
    resolve()
    await stopped
    expect(await outbox.rows()).toMatchObject([{ isDelivered: true }, { isDelivered: false, attempts: 0 }])
    expect(outbox.receiver.received).toHaveLength(1)
  })

  it('does not wait for a receiver that stalls, and counts no attempt', async () => {
    outbox.receiver.behave = () => ({ kind: 'stall' })
    await outbox.tell(['a', 1])
    const delivery = outbox.deliver({ timeoutMs: 60_000 })
    await received(1)
    await delivery.stop()
    expect(await outbox.rows()).toMatchObject([{ isDelivered: false, isDead: false, attempts: 0, last_error: null }])
  })

  it('comes at once when its signal aborts; the next delivery goes on', async () => {
    const term = new AbortController()
    outbox.receiver.behave = () => ({ kind: 'stall' })
    await outbox.tell(['a', 1])
    const delivery = outbox.deliver({ signal: term.signal })
    await received(1)
    const startedMs = performance.now()
    term.abort()
    await delivery.stop()
    expect(performance.now() - startedMs).toBeLessThan(900)
    outbox.receiver.behave = () => OK
    outbox.deliver()
    await outbox.settled()
    expect(outbox.receiver.received.map(({ attempt }) => attempt)).toEqual([1, 1])
  })
})
