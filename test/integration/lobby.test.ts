import { sql } from 'kysely'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { renewLease } from '../../src/database/lease.ts'
import { GameBeingDeleted, GameNotFound, LobbyClient, LobbyConflict, LobbyError } from '../../src/lobby/client.ts'
import { describeOnEachPostgres } from '../support/postgres-majors.ts'
import { until } from '../support/until.ts'
import { type LobbyWorld, openLobbyWorld, ownedBy } from './lobby-fixture.ts'

const TERRAN = { userId: '7b0c7f3e-0000-4000-8000-000000000001', raceName: 'Terran' }
const ZERG = { userId: '7b0c7f3e-0000-4000-8000-000000000002', raceName: 'Zerg' }

let world: LobbyWorld
let lobby: LobbyClient

describeOnEachPostgres('the lobby client', (serverUrl) => {
  beforeAll(async () => {
    world = await openLobbyWorld(serverUrl)
    lobby = new LobbyClient({ connectionString: world.lobbyUrl })
  })
  afterAll(async () => {
    await lobby.close()
    await world.drop()
  })

  describe('start', () => {
    it('creates a game of a version, with every option', async () => {
      const published = await lobby.publishStartJob(
        'new',
        { version: '1.0.0' },
        {
          players: [TERRAN, ZERG],
          turnSchedule: '0 18 * * *',
          timeZone: 'Europe/Berlin',
          cpus: 0.5,
          memory: '256Mi',
          pids: 64,
          labels: { tier: 'free' },
          paused: true,
          allowIncompatibleTo: '1.0.0',
        },
      )
      expect(published).toEqual({ gameId: 'new', generation: 1, outcome: 'created' })
      expect(await row('new')).toMatchObject({
        engine: 'galaxy',
        engine_version: '1.0.0',
        image_ref: null,
        state: 'running',
        players: [TERRAN, ZERG],
        turn_schedule: '0 18 * * *',
        time_zone: 'Europe/Berlin',
        cpus: 0.5,
        memory: '256Mi',
        pids: 64,
        labels: { tier: 'free' },
        paused: true,
        allow_incompatible_to: '1.0.0',
        managed_by: 'lobby',
        written_by: 'lobby',
      })
    })

    it('creates a game of an exact image, alone or with the version that it is', async () => {
      await lobby.publishStartJob('image', 'registry.example.com/engine:1.0.0')
      expect(await row('image')).toMatchObject({ engine_version: null, image_ref: 'registry.example.com/engine:1.0.0' })
      await lobby.publishStartJob('both', { version: '1.0.0', engine: 'chess', imageRef: 'chess:one' })
      expect(await row('both')).toMatchObject({ engine: 'chess', engine_version: '1.0.0', image_ref: 'chess:one' })
    })

    it('leaves a running game of the same image unwritten', async () => {
      await lobby.publishStartJob('twice', { version: '1.0.0' }, { players: [TERRAN] })
      const before = await row('twice')
      const again = { gameId: 'twice', generation: 1, outcome: 'unchanged' }
      expect(await lobby.publishStartJob('twice', { version: '1.0.0' }, { players: [TERRAN] })).toEqual(again)
      expect(await lobby.publishStartJob('twice', { version: '1.0.0', engine: 'galaxy' })).toEqual(again)
      expect(await row('twice')).toEqual(before)
    })

    it('changes the options that are given, and no others', async () => {
      await lobby.publishStartJob('options', { version: '1.0.0' }, { players: [TERRAN], memory: '256Mi' })
      const published = await lobby.publishStartJob('options', { version: '1.0.0' }, { memory: null, cpus: 2 })
      expect(published).toEqual({ gameId: 'options', generation: 2, outcome: 'updated' })
      expect(await row('options')).toMatchObject({ players: [TERRAN], memory: null, cpus: 2 })
    })

    it('refuses another image or version for a running game: that is a patch', async () => {
      await lobby.publishStartJob('busy', { version: '1.0.0' })
      for (const target of [{ version: '1.0.1' }, { version: '1.0.0', engine: 'chess' }, 'galaxy-engine:9.9.9']) {
        const failure = await failureOf(lobby.publishStartJob('busy', target, { paused: true }))
        expect(failure).toBeInstanceOf(LobbyConflict)
        expect(failure).toMatchObject({ code: 'conflict', reason: 'runs_another_image', owner: 'lobby', gameId: 'busy' })
      }
      expect(await row('busy')).toMatchObject({ generation: 1, paused: false })
    })

    it('takes an image for the same when the version was resolved to it', async () => {
      await lobby.publishStartJob('resolved', { version: '1.0.0' })
      await accept('resolved', { engine: 'galaxy', imageRef: 'galaxy-engine:1.0.0', requested: { engineVersion: '1.0.0', imageRef: null } })
      expect(await lobby.publishStartJob('resolved', 'galaxy-engine:1.0.0')).toMatchObject({ outcome: 'unchanged' })
      await lobby.publishPatchJob('resolved', { version: '1.0.1' })
      expect(await failureOf(lobby.publishStartJob('resolved', 'galaxy-engine:1.0.0'))).toBeInstanceOf(LobbyConflict)
    })

    it('sets a stopped game running, with another version if asked', async () => {
      await lobby.publishStartJob('back', { version: '1.0.0' })
      await lobby.publishStopJob('back', 'timeout')
      expect(await lobby.publishStartJob('back', { version: '1.0.1' })).toEqual({ gameId: 'back', generation: 3, outcome: 'updated' })
      expect(await row('back')).toMatchObject({ state: 'running', stop_reason: null, engine_version: '1.0.1' })
    })

    it('takes over an adopted game, running or stopped, and leaves what it runs as it is', async () => {
      const found = { engine_version: '1.0.0', image_ref: 'galaxy-engine:1.0.0' }
      await ownedBy(world.controller.db, 'reconciler', { game_id: 'adopted', ...found })
      expect(await lobby.publishStartJob('adopted', { version: '1.0.0' })).toMatchObject({ outcome: 'updated', generation: 1 })
      expect(await row('adopted')).toMatchObject({ managed_by: 'lobby', ...found })
      await ownedBy(world.controller.db, 'reconciler', { game_id: 'adopted-2', ...found })
      await lobby.publishStopJob('adopted-2', 'timeout')
      expect(await row('adopted-2')).toMatchObject({ managed_by: 'reconciler' })
      await lobby.publishStartJob('adopted-2', 'galaxy-engine:1.0.0', { players: [TERRAN] })
      expect(await row('adopted-2')).toMatchObject({ managed_by: 'lobby', state: 'running', players: [TERRAN], ...found })
    })

    it('refuses to change what another owner asked for, and names it', async () => {
      await ownedBy(world.controller.db, 'manifest:games', { game_id: 'theirs', engine_version: '1.0.0' })
      const attempts = [
        () => lobby.publishStartJob('theirs', { version: '1.0.1' }),
        () => lobby.publishStartJob('theirs', { version: '1.0.0' }, { players: [TERRAN] }),
        () => lobby.publishPatchJob('theirs', { version: '1.0.1' }),
        () => lobby.setPlayers('theirs', [TERRAN]),
      ]
      for (const attempt of attempts) {
        const failure = await failureOf(attempt())
        expect(failure).toBeInstanceOf(LobbyConflict)
        expect(failure).toMatchObject({
          owner: 'manifest:games',
          reason: 'owned',
          message: expect.stringContaining('managed by manifest:games'),
        })
      }
      expect(await row('theirs')).toMatchObject({ generation: 1, managed_by: 'manifest:games' })
    })

    it('stops and starts a game of any owner, since state has none', async () => {
      await ownedBy(world.controller.db, 'api', { game_id: 'shared', engine_version: '1.0.0' })
      await lobby.publishStopJob('shared', 'admin_request')
      expect(await lobby.publishStartJob('shared', { version: '1.0.0' })).toMatchObject({ outcome: 'updated' })
      expect(await row('shared')).toMatchObject({ state: 'running', managed_by: 'api' })
      await lobby.publishStopJob('shared', 'admin_request')
      expect(await failureOf(lobby.publishStartJob('shared', { version: '1.0.1' }))).toMatchObject({ owner: 'api', reason: 'owned' })
    })

    it('of one game by many at once is one creation', async () => {
      const many = await Promise.all(Array.from({ length: 8 }, () => lobby.publishStartJob('crowd', { version: '1.0.0' })))
      expect(many.map(({ outcome }) => outcome).sort()).toEqual(['created', ...Array.from({ length: 7 }, () => 'unchanged')])
      expect((await row('crowd'))?.generation).toBe(1)
    })
  })

  describe('stop', () => {
    it('writes state and reason, once', async () => {
      await lobby.publishStartJob('stop', { version: '1.0.0' })
      expect(await lobby.publishStopJob('stop', 'finished')).toEqual({ gameId: 'stop', generation: 2, outcome: 'updated' })
      expect(await lobby.publishStopJob('stop', 'finished')).toEqual({ gameId: 'stop', generation: 2, outcome: 'unchanged' })
      expect(await row('stop')).toMatchObject({ state: 'stopped', stop_reason: 'finished' })
    })

    it('of an unknown game is a typed error', async () => {
      const failure = await failureOf(lobby.publishStopJob('nobody', 'cancelled'))
      expect(failure).toBeInstanceOf(GameNotFound)
      expect(failure).toMatchObject({ code: 'not_found', gameId: 'nobody' })
    })
  })

  describe('patch', () => {
    it('moves a game to another version, and to the registry from an exact image', async () => {
      await lobby.publishStartJob('patch', { version: '1.0.0', imageRef: 'galaxy-engine:special' })
      expect(await lobby.publishPatchJob('patch', { version: '1.0.1' })).toMatchObject({ outcome: 'updated', generation: 2 })
      expect(await row('patch')).toMatchObject({ engine_version: '1.0.1', image_ref: null, allow_incompatible_to: null })
      expect(await lobby.publishPatchJob('patch', { version: '1.0.1' })).toMatchObject({ outcome: 'unchanged', generation: 2 })
    })

    it('names the one version that may be incompatible', async () => {
      await lobby.publishStartJob('leap', { version: '1.0.0' })
      await lobby.publishPatchJob('leap', { version: '2.0.0', allowIncompatible: true })
      expect(await row('leap')).toMatchObject({ engine_version: '2.0.0', allow_incompatible_to: '2.0.0' })
    })

    it('takes over an adopted game', async () => {
      await ownedBy(world.controller.db, 'reconciler', { game_id: 'found', image_ref: 'galaxy-engine:1.0.0' })
      expect(await failureOf(lobby.publishStartJob('found', { version: '1.0.0' }))).toMatchObject({ reason: 'runs_another_image' })
      await lobby.publishPatchJob('found', { version: '1.0.0' })
      expect(await row('found')).toMatchObject({ managed_by: 'lobby', engine_version: '1.0.0', image_ref: null })
    })
  })

  describe('players', () => {
    it('are replaced', async () => {
      await lobby.publishStartJob('players', { version: '1.0.0' }, { players: [TERRAN] })
      expect(await lobby.setPlayers('players', [ZERG])).toMatchObject({ outcome: 'updated' })
      expect(await lobby.setPlayers('players', [ZERG])).toMatchObject({ outcome: 'unchanged' })
      expect((await row('players'))?.players).toEqual([ZERG])
      expect(await failureOf(lobby.setPlayers('nobody', []))).toBeInstanceOf(GameNotFound)
    })
  })

  describe('delete', () => {
    it('sets the tombstone, on which nothing else is written', async () => {
      await lobby.publishStartJob('grave', { version: '1.0.0' })
      expect(await lobby.deleteGame('grave')).toEqual({ gameId: 'grave', outcome: 'deleting' })
      expect(await lobby.deleteGame('grave')).toEqual({ gameId: 'grave', outcome: 'deleting' })
      expect(await row('grave')).toMatchObject({ deleted_at: expect.any(Date), purge_state: false, generation: 2 })
      const attempts = [
        () => lobby.publishStartJob('grave', { version: '1.0.0' }),
        () => lobby.publishStopJob('grave', 'cancelled'),
        () => lobby.publishPatchJob('grave', { version: '1.0.1' }),
        () => lobby.setPlayers('grave', []),
        () => lobby.deleteGame('grave', { purgeState: true }),
      ]
      for (const attempt of attempts) {
        const failure = await failureOf(attempt())
        expect(failure).toBeInstanceOf(GameBeingDeleted)
        expect(failure).toMatchObject({ code: 'conflict', message: 'game grave is being deleted' })
      }
      expect((await lobby.getRuntime('grave'))?.desired?.isBeingDeleted).toBe(true)
    })

    it('purges the state only when asked, and counts an absent game as done', async () => {
      await lobby.publishStartJob('purge', { version: '1.0.0' })
      await lobby.deleteGame('purge', { purgeState: true })
      expect(await row('purge')).toMatchObject({ purge_state: true })
      expect(await lobby.deleteGame('nobody')).toEqual({ gameId: 'nobody', outcome: 'absent' })
    })
  })

  describe('runtime', () => {
    it('is null when nothing is known', async () => {
      expect(await lobby.getRuntime('nobody')).toBeNull()
    })

    it('of a game that was just asked for has no record, and no readiness', async () => {
      await lobby.publishStartJob('asked', { version: '1.0.0' }, { players: [TERRAN] })
      expect(await lobby.getRuntime('asked')).toMatchObject({
        gameId: 'asked',
        desired: { engineVersion: '1.0.0', state: 'running', players: [TERRAN], managedBy: 'lobby', generation: 1, isBeingDeleted: false },
        ready: 'Unknown',
        engineHealth: null,
        conditions: [],
        observedGeneration: null,
        record: null,
        lastTurn: null,
      })
    })

    it('says what runs and when it was seen, and Unknown once that is too old', async () => {
      await lobby.publishStartJob('seen', { version: '1.0.0' })
      await runs('seen')
      await observe()
      const fresh = await lobby.getRuntime('seen')
      expect(fresh).toMatchObject({
        ready: 'True',
        engineHealth: 'ok',
        isFresh: true,
        observedAt: expect.any(Date),
        observedFrom: 'list',
        observedGeneration: 1,
        record: { status: 'running', containerId: 'c1', currentTurn: 3, startedAt: new Date('2026-05-01T12:00:00.000Z'), stoppedAt: null },
        lastTurn: { turn: 3, status: 'succeeded', skipReason: null, finishedAt: new Date('2026-05-01T18:00:01.000Z') },
      })
      expect(fresh?.conditions).toMatchObject([{ type: 'Ready', status: 'True' }])
      await age()
      const stale = await lobby.getRuntime('seen')
      expect(stale).toMatchObject({ ready: 'Unknown', engineHealth: 'unknown', isFresh: false, record: { status: 'running' } })
      expect(stale?.conditions).toMatchObject([{ type: 'Ready', status: 'Unknown', reason: 'Stale' }])
    })
  })

  describe('failures', () => {
    it('of the connection say that trying again may help', async () => {
      const nowhere = new LobbyClient({ connectionString: 'postgres://127.0.0.1:1/none' })
      expect(await failureOf(nowhere.getRuntime('any'))).toMatchObject({ code: 'service_unavailable' })
      await nowhere.close()
    })

    it('of the rights say so', async () => {
      const stranger = new URL(world.lobbyUrl)
      stranger.searchParams.set('options', '-c role=pg_monitor')
      const client = new LobbyClient({ connectionString: stranger.href })
      expect(await failureOf(client.publishStartJob('any', { version: '1.0.0' }))).toMatchObject({ code: 'forbidden', gameId: 'any' })
      await client.close()
    })
  })

  describe('connections', () => {
    it('that are lost while idle are replaced, and told', async () => {
      const errors: LobbyError[] = []
      const client = new LobbyClient({ connectionString: named('lost'), onError: (error) => errors.push(error) })
      await client.getRuntime('any')
      await endSessions('lost')
      await until(
        () => errors.length,
        (count) => count > 0,
        'the loss is told',
      )
      expect(errors[0]).toBeInstanceOf(LobbyError)
      expect(await client.getRuntime('any')).toBeNull()
      await client.close()
    })

    it('are all gone after close, and no call opens another', async () => {
      const client = new LobbyClient({ connectionString: named('closing') })
      await Promise.all([client.getRuntime('any'), client.getRuntime('other')])
      const watch = client.watchSnapshots({ after: '9000000000000000000-0' })
      const next = watch.next()
      await until(
        () => sessions('closing'),
        (count) => count > 2,
        'the watch listens',
      )
      await client.close()
      expect(await next).toEqual({ done: true, value: undefined })
      await until(
        () => sessions('closing'),
        (count) => count === 0,
        'every session has ended',
      )
      expect(await failureOf(client.getRuntime('any'))).toMatchObject({ message: 'this LobbyClient is closed' })
      await client.close()
    })

    it('of a pool that was passed in stay its owner’s, whatever its parsers make of numbers and times', async () => {
      const types = { getTypeParser: () => () => 'parsed by somebody else' }
      const pool = new pg.Pool({ connectionString: world.lobbyUrl, types })
      const client = new LobbyClient({ pool })
      expect(await client.publishStartJob('pooled', { version: '1.0.0' })).toEqual({ gameId: 'pooled', generation: 1, outcome: 'created' })
      await client.close()
      expect((await pool.query('SELECT 1 AS one')).rows).toEqual([{ one: 'parsed by somebody else' }])
      expect(pool.listenerCount('error')).toBe(0)
      // Its end does not wait for the server, on which the database is dropped then.
      pool.on('error', () => {})
      await pool.end()
    })
  })
})

function row(gameId: string) {
  return world.controller.db.selectFrom('desired_games').selectAll().where('game_id', '=', gameId).executeTakeFirst()
}

async function failureOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    (value) => expect.fail(`expected a failure, got ${JSON.stringify(value)}`),
    (error: unknown) => error,
  )
}

async function accept(gameId: string, spec: object): Promise<void> {
  await sql`INSERT INTO game_status (game_id, accepted_spec) VALUES (${gameId}, ${JSON.stringify(spec)})`.execute(world.controller.db)
}

async function runs(gameId: string): Promise<void> {
  const ready = { type: 'Ready', status: 'True', reason: 'Running', message: 'x', lastTransitionTime: 'x', observedGeneration: 1 }
  const { db } = world.controller
  await sql`
    INSERT INTO game_status (game_id, observed_generation, conditions, observed_from)
    VALUES (${gameId}, 1, ${JSON.stringify([ready])}, 'list')`.execute(db)
  await sql`
    INSERT INTO runtime_records (uid, game_id, status, current_container_id, current_image_ref, engine_endpoint, state_path, docker_network,
      engine_health, current_turn, started_at, last_op_at, created_at)
    VALUES (gen_random_uuid(), ${gameId}, 'running', 'c1', 'galaxy-engine:1.0.0', 'http://x:8080', '/x', 'galaxy', 'ok', 3,
      '2026-05-01T12:00:00Z', '2026-05-01T12:00:00Z', '2026-05-01T12:00:00Z')`.execute(db)
  for (const turn of [2, 3])
    await sql`
      INSERT INTO turns (id, game_id, record_uid, incarnation, scheduled_at, turn, status, finished_at)
      VALUES (${`00000000-0000-7000-8000-00000000000${turn}`}, ${gameId}, gen_random_uuid(), 1, ${`2026-05-01T1${5 + turn}:00:00Z`}, ${turn}, 'succeeded',
        ${`2026-05-01T1${5 + turn}:00:01Z`})`.execute(db)
}

async function observe(): Promise<void> {
  await renewLease(world.controller.db, { instance: 'default', epoch: 1, ttlMs: 600_000, testimony: { unseen: [] } })
}

async function age(): Promise<void> {
  await sql`UPDATE controller_leases SET observed_at = now() - interval '1 minute'`.execute(world.controller.db)
}

/** The lobby's address, for sessions that can be told from others. */
function named(applicationName: string): string {
  const url = new URL(world.lobbyUrl)
  url.searchParams.set('application_name', applicationName)
  return url.href
}

async function sessions(applicationName: string): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    SELECT count(*) AS count FROM pg_stat_activity WHERE application_name = ${applicationName}`.execute(world.controller.db)
  return rows[0]?.count ?? 0
}

async function endSessions(applicationName: string): Promise<void> {
  await sql`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = ${applicationName}`.execute(world.controller.db)
}
