import { sql } from 'kysely'
import { describe, expect } from 'vitest'
import { pruneHistory } from '../../src/record/retention.ts'
import type { DatabasePool } from '../../src/database/pool.ts'
import { describeOnEachPostgres } from '../support/postgres-majors.ts'
import { newRecord, openedAndClosed } from './record-store-builders.ts'
import { storeTest } from './record-store-fixture.ts'

const KEEP = { operationsDays: 90, recordsDays: 60, turnsDays: 30, outboxDays: 7 }

describeOnEachPostgres('retention', (serverUrl) => {
  const it = storeTest(serverUrl)

  /** By age in days, one row each: those that are left. */
  async function leftOf(term: DatabasePool, table: string, gameId: string, key: string): Promise<readonly unknown[]> {
    const { rows } = await sql<{ key: unknown }>`
      SELECT ${sql.ref(key)} AS key FROM ${sql.table(table)} WHERE game_id = ${gameId} ORDER BY 1`.execute(term.db)
    return rows.map((row) => row.key)
  }

  const daysAgo = (days: number) => sql`now() - make_interval(days => ${days}::integer)`

  describe('deletes what is older than its days, and nothing younger', () => {
    it('of operations, with their actions, but for the newest', async ({ term, gameId }) => {
      const [old, young, newest] = [
        await openedAndClosed(term.db, gameId),
        await openedAndClosed(term.db, gameId),
        await openedAndClosed(term.db, gameId),
      ]
      // An ended operation never changes, not even for a test: its age is its own insert's.
      await sql`ALTER TABLE operation_log DISABLE TRIGGER operation_log_terminal`.execute(term.db)
      for (const [{ operationId }, days] of [
        [old, 91],
        [young, 89],
        [newest, 400],
      ] as const)
        await sql`UPDATE operation_log SET finished_at = ${daysAgo(days)}, started_at = ${daysAgo(days)} WHERE operation_id = ${operationId}`.execute(
          term.db,
        )
      await sql`ALTER TABLE operation_log ENABLE TRIGGER operation_log_terminal`.execute(term.db)
      await pruneHistory(term.db, KEEP)
      expect(await leftOf(term, 'operation_log', gameId, 'operation_id')).toEqual([young.operationId, newest.operationId])
      const actions = await sql`SELECT FROM operation_actions WHERE operation_id = ${old.operationId}`.execute(term.db)
      expect(actions.rows).toEqual([])
    })

    it('of changes of desired rows, but for the newest', async ({ term, gameId }) => {
      await sql`INSERT INTO desired_games (game_id, engine_version) VALUES (${gameId}, '1.0.0')`.execute(term.db)
      for (const token of ['a', 'b'])
        await sql`UPDATE desired_games SET restart_token = ${token} WHERE game_id = ${gameId}`.execute(term.db)
      for (const [generation, days] of [
        [1, 91],
        [2, 89],
        [3, 400],
      ])
        await sql`UPDATE desired_changes SET changed_at = ${daysAgo(days ?? 0)} WHERE game_id = ${gameId} AND generation = ${generation}`.execute(
          term.db,
        )
      await pruneHistory(term.db, KEEP)
      expect(await leftOf(term, 'desired_changes', gameId, 'generation')).toEqual([2, 3])
    })

    it('of health events and notifications', async ({ term, gameId }) => {
      for (const days of [91, 89]) {
        await sql`INSERT INTO health_events (game_id, type, container_id, observed_at)
          VALUES (${gameId}, 'probe_failed', ${String(days)}, ${daysAgo(days)})`.execute(term.db)
        await sql`INSERT INTO notification_intents (idempotency_key, type, game_id, generation, error_code, payload, created_at)
          VALUES (${`${gameId}.${days}`}, 'runtime.image_pull_failed', ${gameId}, ${days}, 'image_pull_failed', '{}', ${daysAgo(days)})`.execute(
          term.db,
        )
      }
      await pruneHistory(term.db, KEEP)
      expect(await leftOf(term, 'health_events', gameId, 'container_id')).toEqual(['89'])
      expect(await leftOf(term, 'notification_intents', gameId, 'generation')).toEqual([89])
    })

    it('of removed records, with ledger and snapshots sooner; a living game keeps all of its own', async ({ term, gameId }) => {
      const lives = [
        { removedDays: 61, uid: crypto.randomUUID() },
        { removedDays: 59, uid: crypto.randomUUID() },
        { removedDays: 29, uid: crypto.randomUUID() },
        { removedDays: null, uid: crypto.randomUUID() },
      ] as const
      for (const { removedDays, uid } of lives) await insertLife(term, gameId, uid, removedDays)
      await pruneHistory(term.db, KEEP)
      const uids = (from: number) =>
        lives
          .slice(from)
          .map(({ uid }) => uid)
          .toSorted()
      expect(await leftOf(term, 'runtime_records', gameId, 'uid')).toEqual(uids(1))
      expect(await leftOf(term, 'turns', gameId, 'record_uid')).toEqual(uids(2))
      expect(await leftOf(term, 'health_snapshots', gameId, 'record_uid')).toEqual(uids(2))
    })

    it('of the outbox, sent, waiting or given up', async ({ term, gameId }) => {
      for (const days of [8, 6]) {
        for (const [state, deliveredAt, deadAt] of [
          ['sent', daysAgo(days), null],
          ['waiting', null, null],
          ['dead', null, daysAgo(days)],
        ] as const)
          await sql`INSERT INTO outbox (game_id, type, idempotency_key, payload, created_at, delivered_at, dead_at)
            VALUES (${gameId}, 'runtime.snapshot', ${`${gameId}.${days}.${state}`}, '{}', ${daysAgo(days)}, ${deliveredAt}, ${deadAt})`.execute(
            term.db,
          )
      }
      await pruneHistory(term.db, KEEP)
      expect(await leftOf(term, 'outbox', gameId, 'idempotency_key')).toEqual([
        `${gameId}.6.dead`,
        `${gameId}.6.sent`,
        `${gameId}.6.waiting`,
      ])
    })
  })

  it('goes on in batches until nothing is left', async ({ term, gameId }) => {
    await sql`DELETE FROM outbox`.execute(term.db)
    await sql`INSERT INTO outbox (game_id, type, idempotency_key, payload, created_at)
      SELECT ${gameId}, 'runtime.snapshot', ${gameId} || '.' || n, '{}', ${daysAgo(8)} FROM generate_series(1, 1500) AS n`.execute(term.db)
    expect(await pruneHistory(term.db, KEEP)).toMatchObject({ deleted: 1_000, isDone: false })
    expect(await pruneHistory(term.db, KEEP)).toMatchObject({ deleted: 500, isDone: true })
    expect(await pruneHistory(term.db, KEEP)).toEqual({ deleted: 0, isDone: true })
  })

  it('is the lease holder’s', async ({ stale }) => {
    await expect(pruneHistory(stale.db, KEEP)).rejects.toThrow(/stale lease/)
  })

  /** A record with a tick and a snapshot; removed that long ago, or still there. */
  async function insertLife(term: DatabasePool, gameId: string, uid: string, removedDays: number | null): Promise<void> {
    const { endpoint, statePath, network } = newRecord(gameId)
    const [removedAt, status] = removedDays === null ? [null, 'starting'] : [daysAgo(removedDays), 'removed']
    await sql`INSERT INTO runtime_records (uid, game_id, status, engine_endpoint, state_path, docker_network, last_op_at, created_at, removed_at)
      VALUES (${uid}, ${gameId}, ${status}, ${endpoint}, ${statePath}, ${network}, ${daysAgo(300)}, ${daysAgo(300)}, ${removedAt})`.execute(
      term.db,
    )
    await sql`INSERT INTO turns (id, game_id, record_uid, incarnation, scheduled_at, status, skip_reason, finished_at)
      VALUES (${crypto.randomUUID()}, ${gameId}, ${uid}, 1, ${daysAgo(200)}, 'skipped', 'paused', ${daysAgo(200)})`.execute(term.db)
    await sql`INSERT INTO health_snapshots (game_id, record_uid, incarnation, turn, runtime_status, engine_health, engine_state, observed_at)
      VALUES (${gameId}, ${uid}, 1, 0, 'running', 'ok', '{}', ${daysAgo(200)})`.execute(term.db)
  }
})
