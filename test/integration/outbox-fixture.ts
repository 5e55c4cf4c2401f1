import { sql } from 'kysely'
import { inject } from 'vitest'
import { acquireLease } from '../../src/database/lease.ts'
import { type DatabasePool, openPool } from '../../src/database/pool.ts'
import { type Attempt, type DeliverOptions, type Delivery, deliverOutbox } from '../../src/outbox/deliver.ts'
import { freshDatabase } from '../support/postgres.ts'
import { until } from '../support/until.ts'
import { type ReceiverUnderTest, startReceiver } from './outbox-receiver.ts'

export const SECRET = 'correct horse battery staple'

export interface RowState {
  readonly idempotency_key: string
  readonly attempts: number
  readonly isDelivered: boolean
  readonly isDead: boolean
  readonly last_error: string | null
}

export interface OutboxUnderTest {
  readonly databaseUrl: string
  /** Of the lease holder. */
  readonly pool: DatabasePool
  readonly receiver: ReceiverUnderTest
  readonly attempts: Attempt[]
  readonly faults: unknown[]
  /** Makes rows `{game}.{n}`, in this order. */
  tell(...events: readonly (readonly [gameId: string, n: number])[]): Promise<void>
  deliver(options?: Partial<Omit<DeliverOptions, 'webhook'> & DeliverOptions['webhook']>): Delivery
  rows(gameId?: string): Promise<readonly RowState[]>
  /** Until nothing waits any more. */
  settled(): Promise<void>
  /** Ends all deliveries and drops everything. */
  stop(): Promise<void>
}

/** An outbox of its own, with a receiver. */
export async function startOutbox(): Promise<OutboxUnderTest> {
  const [database, receiver] = await Promise.all([freshDatabase(inject('postgresUrl')), startReceiver()])
  const pool = await openFenced(database.url)
  const attempts: Attempt[] = []
  const faults: unknown[] = []
  const deliveries: Delivery[] = []
  const rows = (gameId?: string) => readRows(pool, gameId)
  return {
    databaseUrl: database.url,
    pool,
    receiver,
    attempts,
    faults,
    rows,
    tell: (...events) => insertEvents(pool, events),
    deliver: (options = {}) => {
      const { secrets = [SECRET], timeoutMs = 5_000, maxAttempts = 12, ...others } = options
      const delivery = deliverOutbox({
        db: pool.db,
        url: database.url,
        webhook: { url: receiver.url, secrets, timeoutMs, maxAttempts },
        pollMs: 5_000,
        nowMs: Date.now,
        random: () => 0,
        onAttempt: (attempt) => attempts.push(attempt),
        onFault: (error) => faults.push(error),
        signal: new AbortController().signal,
        ...others,
      })
      deliveries.push(delivery)
      return delivery
    },
    settled: async () => {
      await until(rows, (all) => all.every(({ isDelivered, isDead }) => isDelivered || isDead), 'the outbox is empty')
    },
    stop: async () => {
      await Promise.all(deliveries.map((delivery) => delivery.stop()))
      await receiver.goDown()
      await pool.close()
      await database.drop()
    },
  }
}

async function openFenced(url: string): Promise<DatabasePool> {
  const instance = 'outbox-test'
  const free = openPool({ url, applicationName: 'test-lease', max: 1 })
  const leaseEpoch = await acquireLease(free.db, { instance, holder: 'test', ttlMs: 600_000, staleAfterMs: 30_000 })
  await free.close()
  return openPool({ url, applicationName: 'test-outbox', max: 4, session: { instance, leaseEpoch: leaseEpoch ?? 0 } })
}

async function insertEvents(pool: DatabasePool, events: readonly (readonly [string, number])[]): Promise<void> {
  await pool.db
    .insertInto('outbox')
    .values(
      events.map(([gameId, n]) => ({
        game_id: gameId,
        type: 'runtime.test',
        idempotency_key: `${gameId}.${n}`,
        payload: JSON.stringify({ n }),
      })),
    )
    .execute()
}

async function readRows(pool: DatabasePool, gameId?: string): Promise<readonly RowState[]> {
  const { rows } = await sql<RowState>`
    SELECT idempotency_key, attempts, delivered_at IS NOT NULL AS "isDelivered", dead_at IS NOT NULL AS "isDead", last_error
      FROM outbox WHERE ${gameId ?? null}::text IS NULL OR game_id = ${gameId ?? null} ORDER BY id`.execute(pool.db)
  return rows
}
