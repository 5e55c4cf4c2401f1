import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { classifyDatabaseError } from '../../src/database/errors.ts'
import { acquireLease, bindInstance, renewLease } from '../../src/database/lease.ts'
import { type DatabasePool, openPool } from '../../src/database/pool.ts'
import { type FreshDatabase, freshDatabase } from '../support/postgres.ts'
import { describeOnEachPostgres } from '../support/postgres-majors.ts'

let database: FreshDatabase
let controller: DatabasePool

describeOnEachPostgres('history schema', (serverUrl) => {
  beforeAll(async () => {
    database = await freshDatabase(serverUrl)
    controller = openPool({ url: database.url, applicationName: 'controller', max: 2, session: { instance: 'default', leaseEpoch: 1 } })
    await bindInstance(controller.db, 'default')
    await acquireLease(controller.db, { instance: 'default', holder: 'test', ttlMs: 600_000, staleAfterMs: 30_000 })
  })
  afterAll(async () => {
    await controller.close()
    await database.drop()
  })

  describe('a removed record', () => {
    it('never changes again, and leaves room for a new one', async () => {
      await write(record('first', 'removed', ', removed_at') + ', now())')
      const failure = await failureOf(write(`UPDATE runtime_records SET status = 'running' WHERE game_id = 'first'`))
      expect(failure).toMatchObject({ kind: 'conflict', message: expect.stringContaining('is removed and cannot change') })
      await write(`${record('first', 'starting')})`)
      expect((await failureOf(write(`${record('first', 'starting')})`))).kind).toBe('conflict')
    })
  })

  describe('an ended operation', () => {
    it.each(['succeeded', 'failed'])('that %s never changes again', async (status) => {
      const code = status === 'failed' ? `'internal_error'` : 'NULL'
      await write(`INSERT INTO operation_log (operation_id, game_id, op, source, status, cause, error_code, started_at, finished_at)
        VALUES (gen_random_uuid(), '${status}', 'start', 'lobby', '${status}', 'x', ${code}, now(), now())`)
      const failure = await failureOf(write(`UPDATE operation_log SET cause = 'other' WHERE game_id = '${status}'`))
      expect(failure).toMatchObject({ kind: 'conflict', message: expect.stringContaining('has ended') })
    })

    it.each([
      ['fails without a code', `'failed', NULL, now()`],
      ['fails with the code of a success', `'failed', 'replay_no_op', now()`],
      ['succeeds without an end', `'succeeded', NULL, NULL`],
      ['runs with an end', `'running', NULL, now()`],
    ])('is refused when it %s', async (_what, values) => {
      const statement = `INSERT INTO operation_log (operation_id, game_id, op, source, cause, started_at, status, error_code, finished_at)
        VALUES (gen_random_uuid(), 'refused', 'start', 'lobby', 'x', now(), ${values})`
      expect((await failureOf(write(statement))).kind).toBe('invalid')
    })
  })

  describe('history', () => {
    it.each(['game_status', 'runtime_records', 'operation_log CASCADE'])('is not lost by TRUNCATE %s', async (table) => {
      expect((await failureOf(write(`TRUNCATE ${table}`))).kind).toBe('conflict')
    })
  })

  describe('the view of games', () => {
    it('says Unknown until the world and the game itself were observed, and again when that is too old', async () => {
      const ready = '[{"type": "Ready", "status": "True"}]'
      await write(`INSERT INTO desired_games (game_id, engine_version) VALUES ('seen', '1.0.0')`)
      await write(`INSERT INTO game_status (game_id, conditions) VALUES ('seen', '${ready}')`)
      expect(await seen()).toMatchObject({ ready: 'Unknown', fresh: false })
      await renewLease(controller.db, { instance: 'default', epoch: 1, ttlMs: 600_000, testimony: { unseen: [] } })
      expect(await seen()).toMatchObject({ ready: 'True', fresh: true })
      await renewLease(controller.db, { instance: 'default', epoch: 1, ttlMs: 600_000, testimony: { unseen: ['seen'] } })
      expect(await seen()).toMatchObject({ ready: 'Unknown', fresh: false })
      await renewLease(controller.db, { instance: 'default', epoch: 1, ttlMs: 600_000, testimony: { unseen: ['another'] } })
      expect(await seen()).toMatchObject({ ready: 'True', fresh: true })
      await write(`UPDATE controller_leases SET observed_at = now() - interval '31 seconds'`)
      expect(await seen()).toMatchObject({ ready: 'Unknown', fresh: false })
    })

    it('leaves out a game of which only the status is left', async () => {
      await write(`INSERT INTO game_status (game_id) VALUES ('forgotten')`)
      expect(await controller.db.selectFrom('games').selectAll().where('game_id', '=', 'forgotten').execute()).toEqual([])
    })

    it('shows a record that nothing asks for', async () => {
      await write(`${record('orphan', 'starting')})`)
      const rows = await controller.db.selectFrom('games').selectAll().where('game_id', '=', 'orphan').execute()
      expect(rows).toMatchObject([{ game_id: 'orphan', status: 'starting', desired_state: null }])
    })
  })
})

/** Open at the end, for further values. */
function record(gameId: string, status: string, columns = ''): string {
  return `INSERT INTO runtime_records (uid, game_id, status, engine_endpoint, state_path, docker_network, last_op_at, created_at${columns})
    VALUES (gen_random_uuid(), '${gameId}', '${status}', 'http://x:8080', '/x', 'galaxy', now(), now()`
}

function seen() {
  return controller.db.selectFrom('games').selectAll().where('game_id', '=', 'seen').executeTakeFirst()
}

function write(statement: string) {
  return sql`${sql.raw(statement)}`.execute(controller.db)
}

async function failureOf(work: Promise<unknown>) {
  const error: unknown = await work.then(
    () => expect.fail('expected the database to refuse'),
    (thrown: unknown) => thrown,
  )
  return classifyDatabaseError(error)
}
