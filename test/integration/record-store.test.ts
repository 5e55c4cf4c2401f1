import { sql } from 'kysely'
import { v7 as uuidv7 } from 'uuid'
import { describe, expect } from 'vitest'
import { NEW_STATUS } from '../../src/model/status.ts'
import { loadGames } from '../../src/record/load.ts'
import { findOperation, listQueuedOperations } from '../../src/record/queries.ts'
import { closeOperation, openOperation, saveGame, saveProgress } from '../../src/record/store.ts'
import { describeOnEachPostgres } from '../support/postgres-majors.ts'
import {
  AT,
  close,
  counting,
  fullWrite,
  intent,
  kindOf,
  LATER,
  loadOne,
  newOperation,
  newRecord,
  openedAndClosed,
  STATUS,
} from './record-store-builders.ts'
import { storeTest } from './record-store-fixture.ts'

describeOnEachPostgres('record store', (serverUrl) => {
  const it = storeTest(serverUrl)

  describe('a start', () => {
    it('is three statements from opening to closing, and reads back whole', async ({ term, gameId }) => {
      const operation = newOperation()
      const record = newRecord(gameId)
      const pull = { kind: 'pull_image', target: 'img:1', reason: 'not on this host' }
      const create = { kind: 'create_container', target: 'galaxy-game-x', reason: 'nothing runs' }

      await openOperation(term.db, { operation, intents: [pull], write: { gameId, status: STATUS, record } })
      expect(await loadOne(term.db, gameId)).toMatchObject({
        gameId,
        status: STATUS,
        record,
        openOperation: {
          operationId: operation.operationId,
          startedAt: AT,
          actionCount: 1,
          hasStarted: false,
          openIntents: [{ seq: 0, kind: 'pull_image', target: 'img:1' }],
        },
      })

      await saveProgress(term.db, {
        operationId: operation.operationId,
        outcomes: [{ seq: 0, outcome: 'succeeded', error: null, durationMs: 12.5, result: { bytes: 7 } }],
        intents: { firstSeq: 1, actions: [create, { kind: 'start_container', target: 'created', reason: 'it shall run' }] },
        write: { gameId },
      })
      const running = { ...record, status: 'running' as const, containerId: 'c1', startedAt: LATER, lastOpAt: LATER, health: 'ok' as const }
      await closeOperation(term.db, {
        operationId: operation.operationId,
        outcomes: [{ seq: 1, outcome: 'succeeded', error: null, durationMs: 8, result: null }],
        result: { status: 'succeeded', code: null },
        containerId: 'c1',
        imageRef: null,
        finishedAt: LATER,
        write: { gameId, status: { ...STATUS, backoff: null }, record: running },
      })

      expect(await loadOne(term.db, gameId)).toEqual({
        gameId,
        queued: [],
        computedTurn: null,
        openTurn: null,
        mapping: [],
        maxima: {},
        status: { ...STATUS, backoff: null },
        record: running,
        openOperation: null,
      })
      const found = await findOperation(term.db, operation.operationId)
      expect(found?.operation).toMatchObject({
        status: 'succeeded',
        container_id: 'c1',
        image_ref: 'img:1',
        finished_at: LATER,
        lease_epoch: 1,
      })
      expect(found?.actions).toMatchObject([
        { seq: 0, kind: 'pull_image', outcome: 'succeeded', duration_ms: 12.5, result: { bytes: 7 } },
        { seq: 1, kind: 'create_container', outcome: 'succeeded', result: null },
        { seq: 2, kind: 'start_container', outcome: 'not_attempted' },
      ])
    })

    it('costs one round trip per call', async ({ term, gameId }) => {
      const { counted, statements } = counting(term.db)
      const operation = newOperation()
      await openOperation(counted, { operation, intents: [intent()], write: fullWrite(gameId) })
      await saveProgress(counted, {
        operationId: operation.operationId,
        outcomes: [],
        intents: { firstSeq: 1, actions: [intent()] },
        write: fullWrite(gameId),
      })
      await closeOperation(counted, close(operation.operationId, fullWrite(gameId)))
      expect(statements).toHaveLength(3)
    })
  })

  describe('row 38: repeating a call whose answer was lost', () => {
    it('changes nothing', async ({ term, gameId }) => {
      const operation = newOperation()
      const removed = { ...newRecord(gameId), status: 'removed' as const, removedAt: LATER }
      const steps = [
        () =>
          openOperation(term.db, {
            operation,
            intents: [intent()],
            write: { gameId, status: STATUS, record: newRecord(gameId, { uid: removed.uid }) },
          }),
        () => closeOperation(term.db, close(operation.operationId, { gameId, status: STATUS, record: removed })),
      ]
      for (const step of steps) {
        await step()
        const once = await findOperation(term.db, operation.operationId)
        await step()
        expect(await findOperation(term.db, operation.operationId)).toEqual(once)
      }
    })
  })

  describe('the game’s lock', () => {
    it('refuses a second operation while one runs, and writes none of it', async ({ term, gameId }) => {
      await openOperation(term.db, { operation: newOperation(), intents: [], write: { gameId } })
      const second = openOperation(term.db, { operation: newOperation(), intents: [intent()], write: { gameId, status: STATUS } })
      expect(await kindOf(second)).toBe('conflict')
      expect(await loadOne(term.db, gameId)).toMatchObject({ status: NEW_STATUS, openOperation: { actionCount: 0 } })
    })

    it('is freed by the end, after which the operation can neither go on nor end otherwise', async ({ term, gameId }) => {
      const { operationId } = await openedAndClosed(term.db, gameId)
      const progress = { operationId, outcomes: [], intents: { firstSeq: 1, actions: [intent()] }, write: { gameId } }
      await expect(saveProgress(term.db, progress)).rejects.toThrow(/is not running/)
      const otherwise = { ...close(operationId, { gameId }), result: { status: 'failed', code: 'internal_error', message: 'x' } as const }
      expect(await kindOf(closeOperation(term.db, otherwise))).toBe('conflict')
      expect(await kindOf(openOperation(term.db, { operation: newOperation(operationId), intents: [], write: { gameId } }))).toBe(
        'conflict',
      )
      await openOperation(term.db, { operation: newOperation(), intents: [], write: { gameId } })
    })

    it('is taken by a queued operation when it is taken up, which keeps who asked for it', async ({ term, stale, gameId }) => {
      const operationId = uuidv7()
      await sql`INSERT INTO operation_log (operation_id, game_id, op, source, source_ref, status, cause, queued_at)
        VALUES (${operationId}, ${gameId}, 'restart', 'admin', 'request-1', 'queued', 'asked', now())`.execute(stale.db)
      expect((await listQueuedOperations(term.db)).map((row) => row.operation_id)).toContain(operationId)
      await openOperation(term.db, { operation: newOperation(operationId), intents: [], write: { gameId } })
      const found = await findOperation(term.db, operationId)
      expect(found?.operation).toMatchObject({ status: 'running', source: 'admin', source_ref: 'request-1', queued_at: expect.any(Date) })
    })

    it('does not hinder closing a queued operation that finds nothing to do', async ({ term, stale, gameId }) => {
      const operationId = uuidv7()
      await sql`INSERT INTO operation_log (operation_id, game_id, op, source, status, cause, queued_at)
        VALUES (${operationId}, ${gameId}, 'start', 'admin', 'queued', 'asked', now())`.execute(stale.db)
      await closeOperation(term.db, { ...close(operationId, { gameId }), result: { status: 'succeeded', code: 'replay_no_op' } })
      expect((await findOperation(term.db, operationId))?.operation).toMatchObject({ status: 'succeeded', error_code: 'replay_no_op' })
    })
  })

  describe('a stale term', () => {
    it('writes nothing at all', async ({ term, stale, gameId }) => {
      const writes = [
        () => openOperation(stale.db, { operation: newOperation(), intents: [intent()], write: fullWrite(gameId) }),
        () => saveGame(stale.db, fullWrite(gameId)),
        () => saveGame(stale.db, { gameId, forget: true }),
      ]
      for (const write of writes) expect(await kindOf(write())).toBe('stale_lease')
      expect(await loadGames(term.db, [gameId])).toEqual([])
    })
  })
})
