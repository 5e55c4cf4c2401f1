import { type Kysely, sql } from 'kysely'
import { v7 as uuidv7 } from 'uuid'
import { describe, expect } from 'vitest'
import type { Database } from '../../src/database/tables.ts'
import { knownLeftovers } from '../../src/record/leftovers.ts'
import { NEW_STATUS } from '../../src/model/status.ts'
import { listHealthEvents, listOperations } from '../../src/record/queries.ts'
import { pruneHistory } from '../../src/record/retention.ts'
import { saveGame } from '../../src/record/store.ts'
import { describeOnEachPostgres } from '../support/postgres-majors.ts'
import { counting, fullWrite, LATER, loadOne, newRecord, openedAndClosed, STATUS } from './record-store-builders.ts'
import { storeTest } from './record-store-fixture.ts'

describeOnEachPostgres('record of a game', (serverUrl) => {
  const it = storeTest(serverUrl)

  describe('saving a game', () => {
    it('that has nothing to say asks the database nothing', async ({ term, gameId }) => {
      const { counted, statements } = counting(term.db)
      await saveGame(counted, { gameId })
      expect(statements).toEqual([])
    })

    it('notifies once per generation and code, and logs every health event', async ({ term, gameId }) => {
      for (const attemptedAtMs of [1, 2]) {
        const write = fullWrite(gameId)
        await saveGame(term.db, { ...write, notification: { ...required(write.notification), attemptedAtMs } })
      }
      const rows = await term.db.selectFrom('notification_intents').selectAll().where('game_id', '=', gameId).execute()
      expect(rows).toMatchObject([
        {
          idempotency_key: `runtime.image_pull_failed.${gameId}.1`,
          payload: { gameId, imageRef: 'img:1', errorCode: 'image_pull_failed', errorMessage: 'no such image', attemptedAtMs: 1 },
        },
      ])
      const events = await listHealthEvents(term.db, { gameId, limit: 10, before: null })
      expect(events.rows).toMatchObject([{ type: 'container_exited', detail: { exitCode: 1 } }, { type: 'container_exited' }])
    })

    it('takes text that Postgres cannot hold', async ({ term, gameId }) => {
      const status = { ...STATUS, conditions: [{ ...required(STATUS.conditions[0]), message: 'a\0b\ud800' }] }
      await saveGame(term.db, { gameId, status })
      expect((await loadOne(term.db, gameId))?.status.conditions[0]?.message).toBe('ab\ufffd')
    })

    it('refuses an invalid record before asking the database', async ({ term, gameId }) => {
      await expect(saveGame(term.db, { gameId, record: newRecord(gameId, { status: 'running' }) })).rejects.toThrow(/needs a container id/)
    })

    it('reads what an older release has left and cannot be understood as absent', async ({ term, gameId }) => {
      await sql`INSERT INTO game_status (game_id, accepted_spec, conditions, backoff)
        VALUES (${gameId}, '{"v": 0}', '[{"type": "Gone"}]', '{}')`.execute(term.db)
      expect((await loadOne(term.db, gameId))?.status).toEqual(NEW_STATUS)
    })
  })

  describe('forgetting', () => {
    it('takes the tombstoned row in the pass that removes the record, and leaves what is known of the state', async ({
      term,
      stale,
      gameId,
    }) => {
      await sql`INSERT INTO desired_games (game_id, engine_version) VALUES (${gameId}, '1.0.0')`.execute(stale.db)
      const record = newRecord(gameId)
      await saveGame(term.db, { gameId, status: { ...STATUS, stateVersion: '1.0.0', stateIncarnation: 2 }, record })
      await sql`DELETE FROM desired_games WHERE game_id = ${gameId}`.execute(stale.db)

      await saveGame(term.db, { gameId, forget: true })
      expect(await desiredRows(term.db, gameId)).toBe(1)
      expect((await loadOne(term.db, gameId))?.status.acceptedGeneration).toBe(1)

      await saveGame(term.db, { gameId, record: { ...record, status: 'removed', removedAt: LATER }, forget: true })
      expect(await desiredRows(term.db, gameId)).toBe(0)
      expect(await loadOne(term.db, gameId)).toMatchObject({
        status: { ...NEW_STATUS, stateVersion: '1.0.0', stateIncarnation: 2 },
        record: null,
      })
    })

    it('never makes a tombstone', async ({ term, stale, gameId }) => {
      await sql`INSERT INTO desired_games (game_id, engine_version) VALUES (${gameId}, '1.0.0')`.execute(stale.db)
      await saveGame(term.db, { gameId, forget: true })
      const row = await term.db.selectFrom('desired_games').select('deleted_at').where('game_id', '=', gameId).executeTakeFirst()
      expect(row).toEqual({ deleted_at: null })
    })
  })

  describe('history', () => {
    it('tells our own leftovers from strangers', async ({ term, gameId }) => {
      const { operationId } = await openedAndClosed(term.db, gameId)
      await saveGame(term.db, { gameId, record: newRecord(gameId, { status: 'removed', removedAt: LATER, containerId: `old-${gameId}` }) })
      const asked = { containerIds: [`old-${gameId}`, 'other'], operationIds: [operationId, uuidv7(), 'not a uuid'] }
      expect(await knownLeftovers(term.db, asked)).toEqual({
        containerIds: new Set([`old-${gameId}`]),
        operationIds: new Set([operationId]),
      })
    })

    it('is paged newest first', async ({ term, gameId }) => {
      const ids = [
        (await openedAndClosed(term.db, gameId)).operationId,
        (await openedAndClosed(term.db, gameId)).operationId,
        (await openedAndClosed(term.db, gameId)).operationId,
      ].toReversed()
      const first = await listOperations(term.db, { gameId, limit: 2, before: null })
      expect(first).toMatchObject({ rows: [{ operation_id: ids[0] }, { operation_id: ids[1] }], next: ids[1] })
      expect(await listOperations(term.db, { gameId, limit: 2, before: first.next })).toMatchObject({
        rows: [{ operation_id: ids[2] }],
        next: null,
      })
    })

    it('is pruned by age, but for every game’s newest operation and live record', async ({ term, gameId }) => {
      const old = [await openedAndClosed(term.db, gameId), await openedAndClosed(term.db, gameId)]
      const live = newRecord(gameId)
      await saveGame(term.db, { gameId, record: newRecord(gameId, { status: 'removed', removedAt: LATER }) })
      await saveGame(term.db, { ...fullWrite(gameId), record: live })
      await pruneHistory(term.db, { operationsDays: 36_500, recordsDays: 36_500, turnsDays: 36_500, outboxDays: 36_500 })
      expect((await listOperations(term.db, { gameId, limit: 9, before: null })).rows).toHaveLength(2)

      expect(await pruneHistory(term.db, { operationsDays: 0, recordsDays: 0, turnsDays: 0, outboxDays: 0 })).toMatchObject({
        isDone: true,
      })
      const { rows } = await listOperations(term.db, { gameId, limit: 9, before: null })
      expect(rows.map((row) => row.operation_id)).toEqual([old[1]?.operationId])
      const records = await term.db.selectFrom('runtime_records').select('uid').where('game_id', '=', gameId).execute()
      expect(records).toEqual([{ uid: live.uid }])
      expect((await listHealthEvents(term.db, { gameId, limit: 9, before: null })).rows).toEqual([])
    })

    it('keeps ledger and snapshots as long as the game lives, and the outbox for its days', async ({ term, gameId }) => {
      const [live, gone] = [newRecord(gameId), newRecord(gameId, { status: 'removed', removedAt: LATER })]
      await saveGame(term.db, { gameId, record: gone })
      await saveGame(term.db, { gameId, record: live })
      const state = { turn: 0, finished: false, players: [] }
      for (const { uid, status, health } of [gone, live]) {
        const life = { recordUid: uid, incarnation: 1 }
        const atMs = uid === live.uid ? 1_000 : 0
        await saveGame(term.db, {
          gameId,
          turns: { life, writes: [{ kind: 'skip', id: uuidv7(), atMs, reason: 'paused' }] },
          snapshot: { ...life, state, status, health, playerStats: [], maxima: {} },
        })
      }
      const left = async () => [
        await term.db.selectFrom('turns').select('record_uid').where('game_id', '=', gameId).execute(),
        await term.db.selectFrom('health_snapshots').select('record_uid').where('game_id', '=', gameId).execute(),
        (await term.db.selectFrom('outbox').select('id').where('game_id', '=', gameId).execute()).length,
      ]
      await pruneHistory(term.db, { operationsDays: 36_500, recordsDays: 36_500, turnsDays: 36_500, outboxDays: 36_500 })
      expect((await left())[2]).toBe(2)
      await pruneHistory(term.db, { operationsDays: 36_500, recordsDays: 36_500, turnsDays: 0, outboxDays: 0 })
      expect(await left()).toEqual([[{ record_uid: live.uid }], [{ record_uid: live.uid }], 0])
    })
  })
})

async function desiredRows(db: Kysely<Database>, gameId: string): Promise<number> {
  return (await db.selectFrom('desired_games').select('game_id').where('game_id', '=', gameId).execute()).length
}

function required<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('missing')
  return value
}
