import { type Kysely, sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { classifyDatabaseError } from '../../src/database/errors.ts'
import { acquireLease } from '../../src/database/lease.ts'
import { type DatabasePool, openPool } from '../../src/database/pool.ts'
import type { Database } from '../../src/database/tables.ts'
import { type FreshDatabase, freshDatabase } from '../support/postgres.ts'
import { describeOnEachPostgres } from '../support/postgres-majors.ts'

let database: FreshDatabase
let lobby: DatabasePool
let controller: DatabasePool

describeOnEachPostgres('desired schema', (serverUrl) => {
  beforeAll(async () => {
    database = await freshDatabase(serverUrl)
    lobby = openPool({ url: database.url, applicationName: 'lobby', max: 2 })
    const epoch = await acquireLease(lobby.db, { instance: 'default', holder: 'test', ttlMs: 600_000, staleAfterMs: 30_000 })
    controller = openPool({
      url: database.url,
      applicationName: 'controller',
      max: 2,
      session: { instance: 'default', leaseEpoch: epoch ?? 0 },
    })
  })
  afterAll(async () => {
    await Promise.all([lobby.close(), controller.close()])
    await database.drop()
  })

  describe('the smallest useful write', () => {
    it('fills in every default', async () => {
      await sql`INSERT INTO desired_games (game_id, engine_version) VALUES ('andromeda', '1.0.0')`.execute(lobby.db)
      expect(await row('andromeda')).toMatchObject({
        engine: 'galaxy',
        state: 'running',
        stop_reason: null,
        paused: false,
        time_zone: 'UTC',
        players: [],
        labels: {},
        managed_by: 'lobby',
        generation: 1,
        deleted_at: null,
        purge_state: false,
        written_by: 'lobby',
      })
    })
  })

  describe('shape', () => {
    const refused: readonly (readonly [string, string])[] = [
      ['an upper-case id', `game_id = 'Andromeda'`],
      ['an id that ends with a dash', `game_id = 'andromeda-'`],
      ['an id of 52 characters', `game_id = '${'a'.repeat(52)}'`],
      ['neither version nor image', `engine_version = NULL`],
      ['a version that is no semver', `engine_version = '1.0'`],
      ['a version with a leading zero', `engine_version = '1.00.0'`],
      ['an unknown state', `state = 'sleeping'`],
      ['a stop without a reason', `state = 'stopped'`],
      ['a reason outside the five', `state = 'stopped', stop_reason = 'bored'`],
      ['a negative CPU limit', `cpus = -1`],
      ['a memory quantity without a number', `memory = 'Mi'`],
      ['zero processes', `pids = 0`],
      ['players that are no list', `players = '{}'`],
      ['a player that is no object', `players = '[1]'`],
      ['a player without a race', `players = '[{"userId": "7b0c7f3e-0000-4000-8000-000000000001"}]'`],
      ['a player whose id is no UUID', `players = '[{"userId": "me", "raceName": "Terran"}]'`],
      [
        'two players of one race',
        `players = '[{"userId": "7b0c7f3e-0000-4000-8000-000000000001", "raceName": "Terran"},
                     {"userId": "7b0c7f3e-0000-4000-8000-000000000002", "raceName": "Terran"}]'`,
      ],
      ['labels that are no object', `labels = '[]'`],
      ['an unknown owner', `managed_by = 'somebody'`],
      ['a purge of a game that is not deleted', `purge_state = true`],
      ['an empty restart token', `restart_token = ''`],
    ]

    it.each(refused)('refuses %s', async (_what, assignment) => {
      await write(`INSERT INTO desired_games (game_id, engine_version) VALUES ('shape', '1.0.0') ON CONFLICT DO NOTHING`)
      const failure = await failureOf(write(`UPDATE desired_games SET ${assignment} WHERE game_id = 'shape'`))
      expect(failure.kind).toBe('invalid')
    })

    it.each([
      ['without a reason', 'NULL', 'game halted is to be stopped without a reason'],
      ['for none that there is', `'bored'`, `game halted: 'bored' is no reason to stop it`],
    ])('tells who stops a game %s what to set', async (_what, reason, message) => {
      await write(`INSERT INTO desired_games (game_id, engine_version) VALUES ('halted', '1.0.0') ON CONFLICT DO NOTHING`)
      const stopping = write(`UPDATE desired_games SET state = 'stopped', stop_reason = ${reason} WHERE game_id = 'halted'`)
      await expect(stopping).rejects.toMatchObject({ message, hint: expect.stringContaining('admin_request') })
    })

    it('takes a lower-case UUID as game id, and an image alone', async () => {
      await write(`INSERT INTO desired_games (game_id, image_ref) VALUES ('7b0c7f3e-0000-4000-8000-00000000000a', 'nginx:latest')`)
    })
  })

  describe('stop reason', () => {
    it('is cleared when the game is to run again', async () => {
      await write(
        `INSERT INTO desired_games (game_id, engine_version, state, stop_reason) VALUES ('reason', '1.0.0', 'stopped', 'cancelled')`,
      )
      await write(`UPDATE desired_games SET state = 'running' WHERE game_id = 'reason'`)
      expect(await row('reason')).toMatchObject({ state: 'running', stop_reason: null })
    })
  })

  describe('generation', () => {
    const player = `'[{"userId": "7b0c7f3e-0000-4000-8000-000000000001", "raceName": "Terran"}]'`
    const bumping = [
      `engine = 'chess'`,
      `engine_version = '1.2.3'`,
      `image_ref = 'chess:1'`,
      `state = 'stopped', stop_reason = 'timeout'`,
      `stop_reason = 'admin_request'`,
      `state = 'running'`,
      `paused = true`,
      `turn_schedule = '0 18 * * *'`,
      `time_zone = 'Europe/Berlin'`,
      `players = ${player}`,
      `cpus = 0.5`,
      `memory = '512m'`,
      `pids = 64`,
      `restart_token = 'r1'`,
      `turn_token = 't1'`,
      `allow_incompatible_to = '2.0.0'`,
      `deleted_at = now(), purge_state = true`,
    ]

    it('rises with each field that asks for something else, and with the tombstone', async () => {
      await write(`INSERT INTO desired_games (game_id, engine_version) VALUES ('gen', '1.0.0')`)
      for (const [index, assignment] of bumping.entries()) {
        await write(`UPDATE desired_games SET ${assignment} WHERE game_id = 'gen'`)
        expect((await row('gen'))?.generation, assignment).toBe(index + 2)
      }
    })

    it('stays with labels, owner, a write of the same values and a value of its own', async () => {
      await write(`INSERT INTO desired_games (game_id, engine_version) VALUES ('calm', '1.0.0')`)
      const before = await row('calm')
      await write(`UPDATE desired_games SET labels = '{"tier": "free"}' WHERE game_id = 'calm'`)
      await write(`UPDATE desired_games SET managed_by = 'api' WHERE game_id = 'calm'`)
      await write(`UPDATE desired_games SET engine_version = '1.0.0', generation = 99, created_at = '-infinity' WHERE game_id = 'calm'`)
      const after = await row('calm')
      expect(after).toMatchObject({ generation: 1, created_at: before?.created_at })
    })

    it('leaves the resource version to rise with every write', async () => {
      await write(`INSERT INTO desired_games (game_id, engine_version) VALUES ('version', '1.0.0')`)
      const before = await row('version')
      await write(`UPDATE desired_games SET labels = labels WHERE game_id = 'version'`)
      expect((await row('version'))?.resource_version).toBeGreaterThan(before?.resource_version ?? Infinity)
    })
  })

  describe('tombstone', () => {
    it('row 51: is what a DELETE sets; a second DELETE changes nothing while a record lives', async () => {
      await write(`INSERT INTO desired_games (game_id, engine_version) VALUES ('grave', '1.0.0')`)
      await liveRecord('grave')
      expect((await write(`DELETE FROM desired_games WHERE game_id = 'grave'`)).numAffectedRows).toBe(0n)
      const buried = await row('grave')
      expect(buried).toMatchObject({ generation: 2, deleted_at: expect.any(Date) })
      expect((await write(`DELETE FROM desired_games WHERE game_id = 'grave'`)).numAffectedRows).toBe(0n)
      expect(await row('grave')).toEqual(buried)
    })

    it.each([
      ['an update', `UPDATE desired_games SET paused = true WHERE game_id = 'grave'`],
      ['an insert', `INSERT INTO desired_games (game_id, engine_version) VALUES ('grave', '1.0.0')`],
      [
        'an upsert',
        `INSERT INTO desired_games (game_id, engine_version) VALUES ('grave', '1.0.0') ON CONFLICT (game_id) DO UPDATE SET paused = true`,
      ],
    ])('row 51: refuses %s over it', async (_what, statement) => {
      expect(await failureOf(write(statement))).toMatchObject({ kind: 'conflict', message: 'game grave is being deleted' })
    })

    it('goes with a DELETE once the record is removed, and the id is free again', async () => {
      await sql`UPDATE runtime_records SET status = 'removed', removed_at = now() WHERE game_id = 'grave'`.execute(controller.db)
      expect((await write(`DELETE FROM desired_games WHERE game_id = 'grave'`)).numAffectedRows).toBe(1n)
      await write(`INSERT INTO desired_games (game_id, engine_version) VALUES ('grave', '1.0.0')`)
      expect(await row('grave')).toMatchObject({ generation: 1, deleted_at: null })
    })

    it('row 36: is never set for all by TRUNCATE', async () => {
      expect(await failureOf(write('TRUNCATE desired_games'))).toMatchObject({ kind: 'conflict', hint: expect.stringContaining('DELETE') })
    })
  })

  describe('ownership', () => {
    it('refuses a second source that changes the spec, naming the owner', async () => {
      await as('manifest:games', `INSERT INTO desired_games (game_id, engine_version) VALUES ('owned', '1.0.0')`)
      const failure = await failureOf(write(`UPDATE desired_games SET engine_version = '1.0.1' WHERE game_id = 'owned'`))
      expect(failure).toMatchObject({ kind: 'conflict', message: expect.stringContaining('managed by manifest:games') })
      expect(await row('owned')).toMatchObject({ engine_version: '1.0.0', managed_by: 'manifest:games' })
    })

    it('lets everyone stop, pause and restart', async () => {
      await write(
        `UPDATE desired_games SET paused = true, restart_token = 'x', state = 'stopped', stop_reason = 'cancelled' WHERE game_id = 'owned'`,
      )
      expect(await row('owned')).toMatchObject({ paused: true, state: 'stopped', managed_by: 'manifest:games', written_by: 'lobby' })
    })

    it('passes to who forces it, or names itself owner in the same statement', async () => {
      await as('api', `UPDATE desired_games SET engine_version = '1.0.1' WHERE game_id = 'owned'`, { force: true })
      expect(await row('owned')).toMatchObject({ engine_version: '1.0.1', managed_by: 'api' })
      await write(`UPDATE desired_games SET engine_version = '1.0.2', managed_by = 'lobby' WHERE game_id = 'owned'`)
      expect(await row('owned')).toMatchObject({ engine_version: '1.0.2', managed_by: 'lobby' })
    })

    it('of an adopted game passes to anyone without force', async () => {
      await as('reconciler', `INSERT INTO desired_games (game_id, engine_version) VALUES ('adopted', '1.0.0')`)
      await write(`UPDATE desired_games SET engine_version = '1.0.1' WHERE game_id = 'adopted'`)
      expect(await row('adopted')).toMatchObject({ engine_version: '1.0.1', managed_by: 'lobby' })
    })
  })

  describe('engine versions', () => {
    beforeAll(async () => {
      await write(`INSERT INTO engine_versions (engine, version) VALUES ('chess', '1.0.0'), ('chess', '2.0.0')`)
      await write(`INSERT INTO desired_games (game_id, engine, engine_version) VALUES ('match', 'chess', '1.0.0')`)
    })

    it.each([
      `DELETE FROM engine_versions WHERE engine = 'chess' AND version = '1.0.0'`,
      ...[`image_ref = 'x:1'`, `protocol = 'none'`, `command = '["run"]'`, `env = '{"A": "b"}'`, `version = '1.0.1'`].map(
        (change) => `UPDATE engine_versions SET ${change} WHERE engine = 'chess' AND version = '1.0.0'`,
      ),
    ])('that a game desires refuses: %s', async (statement) => {
      expect(await failureOf(write(statement))).toMatchObject({ kind: 'conflict', message: expect.stringContaining('match') })
    })

    it('that a game desires may be disabled, and one that none desires deleted', async () => {
      await write(`UPDATE engine_versions SET enabled = false, port = 9090 WHERE engine = 'chess' AND version = '1.0.0'`)
      expect((await write(`DELETE FROM engine_versions WHERE engine = 'chess' AND version = '2.0.0'`)).numAffectedRows).toBe(1n)
    })
  })

  describe('the lobby role', () => {
    const asLobby = (statement: string) =>
      lobby.db.transaction().execute(async (trx) => {
        await sql`SET LOCAL ROLE galaxy_lobby`.execute(trx)
        return sql<Record<string, unknown>>`${sql.raw(statement)}`.execute(trx)
      })

    it.each([
      `INSERT INTO desired_games (game_id, engine_version) VALUES ('by-role', '1.0.0')`,
      `UPDATE desired_games SET paused = true WHERE game_id = 'by-role'`,
      'SELECT * FROM games',
      'SELECT * FROM game_status',
      'SELECT * FROM engine_versions',
      `DELETE FROM desired_games WHERE game_id = 'by-role'`,
    ])('may: %s', async (statement) => {
      await asLobby(statement)
    })

    it.each([
      `INSERT INTO game_status (game_id) VALUES ('x')`,
      `UPDATE runtime_records SET status = 'finished'`,
      `INSERT INTO operation_log (operation_id, game_id, op, source, status, cause) VALUES (gen_random_uuid(), 'x', 'start', 'lobby', 'queued', 'x')`,
      `INSERT INTO engine_versions (version) VALUES ('9.9.9')`,
      `UPDATE controller_leases SET expires_at = 'infinity'`,
      `SELECT galaxy_acquire_lease('default', 'me', '1 s', '1 s')`,
      `UPDATE deployment SET instance = 'mine'`,
      'TRUNCATE desired_games',
    ])('may not: %s', async (statement) => {
      expect((await failureOf(asLobby(statement))).kind).toBe('not_permitted')
    })
  })
})

async function row(gameId: string) {
  return lobby.db.selectFrom('desired_games').selectAll().where('game_id', '=', gameId).executeTakeFirst()
}

function write(statement: string, db: Kysely<Database> = lobby.db) {
  return sql`${sql.raw(statement)}`.execute(db)
}

function as(source: string, statement: string, { force = false } = {}) {
  return lobby.db.transaction().execute(async (trx) => {
    await sql`SELECT set_config('galaxy.source', ${source}, true), set_config('galaxy.force', ${force ? 'on' : ''}, true)`.execute(trx)
    await write(statement, trx)
  })
}

async function liveRecord(gameId: string): Promise<void> {
  await sql`INSERT INTO runtime_records (uid, game_id, status, engine_endpoint, state_path, docker_network, last_op_at, created_at)
    VALUES (gen_random_uuid(), ${gameId}, 'starting', 'http://x:8080', '/x', 'galaxy', now(), now())`.execute(controller.db)
}

async function failureOf(work: Promise<unknown>) {
  const error: unknown = await work.then(
    () => expect.fail('expected the database to refuse'),
    (thrown: unknown) => thrown,
  )
  return classifyDatabaseError(error)
}
