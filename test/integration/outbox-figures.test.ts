import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { type DatabasePool, openPool } from '../../src/database/pool.ts'
import { readOutboxFigures } from '../../src/outbox/figures.ts'
import { freshDatabase } from '../support/postgres.ts'
import { leaseHolder } from './lease-holder.ts'

describe('figures of the outbox', () => {
  let pool: DatabasePool
  let drop: () => Promise<void>

  beforeAll(async () => {
    const database = await freshDatabase(inject('postgresUrl'))
    drop = () => database.drop()
    pool = openPool({ url: database.url, applicationName: 'figures', max: 2 })
  })
  afterAll(async () => {
    await pool.close()
    await drop()
  })

  it('are nought while nothing is told', async () => {
    expect(await readOutboxFigures(pool.db)).toEqual({ waiting: 0, oldestSeconds: 0, dead: 0 })
  })

  it('tell what waits, how old the oldest is, and what was given up; not what was delivered', async () => {
    const minutesAgo = (minutes: number): Date => new Date(Date.now() - minutes * 60_000)
    const event = (key: string, minutes: number) => ({
      game_id: 'orion',
      type: 't',
      idempotency_key: key,
      payload: '{}',
      created_at: minutesAgo(minutes),
    })
    const asHolder = await leaseHolder(pool)
    await asHolder(async (term) => {
      const given = [event('new', 1), event('old', 10), event('delivered', 60), event('dead', 90)]
      await term.insertInto('outbox').values(given).execute()
      await term.updateTable('outbox').set({ delivered_at: new Date() }).where('idempotency_key', '=', 'delivered').execute()
      await term.updateTable('outbox').set({ dead_at: new Date() }).where('idempotency_key', '=', 'dead').execute()
    })
    const { waiting, oldestSeconds, dead } = await readOutboxFigures(pool.db)
    expect([waiting, dead]).toEqual([2, 1])
    expect(oldestSeconds).toBeGreaterThan(595)
    expect(oldestSeconds).toBeLessThan(660)
  })
})
