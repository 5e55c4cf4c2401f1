import { once } from 'node:events'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest'
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../src/local/embedded-postgres.ts'
import { createDeployment, type Deployment, type RunningController } from '../support/deployment.ts'
import { type DockerHistory, recordHistory } from '../support/docker-history.ts'
import { SILENCE, tenResyncs } from '../support/settled.ts'
import { countStatements, type StatementCounter } from '../support/statements.ts'
import { until } from '../support/until.ts'
import { type ManyGames, manyGames } from './many-games.ts'

/** A start on a busy machine takes several times its usual quarter of a second. */
const LONGEST_CALL_MS = 2_000

describe('a database that goes away', () => {
  let server: EmbeddedPostgres
  let deployment: Deployment
  let history: DockerHistory
  let games: ManyGames
  let statements: StatementCounter
  let controller: RunningController
  const calls: string[] = []

  beforeAll(async () => {
    server = await startServer()
  })
  afterAll(() => server.stop())
  beforeEach(async () => {
    deployment = await createDeployment({}, inject('dockerAddress'), server.url)
    statements = await countStatements(deployment.databaseUrl)
    history = await recordHistory(deployment.docker, deployment.config.instance)
    games = manyGames(8, deployment, history)
    controller = await deployment.start({ onDockerCall: (kind) => calls.push(kind) })
  })
  afterEach(async () => {
    await history.stop()
    await deployment.dispose()
  })

  it('row 37: its sessions killed in the middle of starts: every game is started once', async () => {
    await games.start()
    for (const enough of [1, 3, 5, 7]) {
      await games.untilTold('create', enough)
      await deployment.query(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name <> ''",
      )
    }
    await games.allRun('1.0.0')
    await everythingOnce()
    expect(await tenResyncs(controller, statements, calls)).toEqual(SILENCE)
  })

  it.each(['restarted', 'killed'] as const)(
    'row 39: %s in the middle of patches: every effect was logged before, and every game is patched',
    async (how) => {
      await games.start()
      await games.allRun('1.0.0')
      await games.patch('1.0.1')
      await games.untilTold('create', games.count + 2)
      if (how === 'restarted') await server.stop()
      else process.kill(server.pid, 'SIGKILL')
      // Logged steps may be begun for as long as the lease lasts, and what was begun may still arrive (S7); nothing after that.
      await pause(deployment.config.timings.leaseMs + LONGEST_CALL_MS)
      const effects = history.events.length
      await pause(700)
      const more = history.events.length - effects
      server = await startServer()
      expect(more).toBe(0)
      await games.allRun('1.0.1')
      await everythingOnce()
      expect(await tenResyncs(controller, statements, calls)).toEqual(SILENCE)
    },
  )

  it('refuses to open operations: nothing is done to Docker until it takes them again', async () => {
    await deployment.query(
      `CREATE FUNCTION test_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no space left on device' USING ERRCODE = 'disk_full'; END $$`,
    )
    await deployment.query('CREATE TRIGGER test_refuse BEFORE INSERT ON operation_log FOR EACH ROW EXECUTE FUNCTION test_refuse()')
    calls.length = 0
    await games.start()
    await pause(1_500)
    expect(calls.filter((kind) => /_(create|start|stop|remove|rename|update)$/.test(kind))).toEqual([])
    expect(await deployment.containers()).toEqual([])
    await deployment.query('DROP TRIGGER test_refuse ON operation_log')
    await games.allRun('1.0.0')
    await everythingOnce()
  })

  it('refuses to note how operations went: they stay open, and are closed by what Docker shows', async () => {
    await deployment.query(
      `CREATE FUNCTION test_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no space left on device' USING ERRCODE = 'disk_full'; END $$`,
    )
    await deployment.query('CREATE TRIGGER test_refuse BEFORE UPDATE ON operation_actions FOR EACH ROW EXECUTE FUNCTION test_refuse()')
    await games.start()
    await games.untilTold('start', games.count)
    await pause(1_500)
    expect(history.count('start')).toBe(games.count)
    expect(await deployment.query("SELECT FROM operation_log WHERE status <> 'running'")).toEqual([])
    await deployment.query('DROP TRIGGER test_refuse ON operation_actions')
    await games.allRun('1.0.0')
    await everythingOnce()
  })

  it('does not keep a controller from stopping while it is away', async () => {
    await controller.stop()
    const child = deployment.spawn()
    await until(
      () => deployment.query('SELECT FROM controller_leases WHERE epoch = 2 AND expires_at > clock_timestamp()'),
      (leads) => leads.length === 1,
      'it leads',
    )
    await server.stop()
    child.kill('SIGTERM')
    const ended = await Promise.race([once(child, 'exit'), pause(5_000)])
    server = await startServer()
    expect(ended).toEqual([0, null])
  })

  function pause(ms: number): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, ms))
  }

  function startServer(): Promise<EmbeddedPostgres> {
    return startEmbeddedPostgres({
      dataDir: `${inject('runFolder')}/restarted`,
      instance: 'restarted',
      signal: AbortSignal.timeout(60_000),
      onProgress: () => {},
    })
  }

  /** And no effect whose intent was not committed before. */
  async function everythingOnce(): Promise<void> {
    await games.everythingOnce()
    expect(await unlogged()).toEqual([])
  }

  /** Effects that Docker told of, without an intent of that kind for the game that is older. */
  async function unlogged(): Promise<readonly string[]> {
    const intents = await deployment.query<{ game: string; kind: string; at: Date }>(
      'SELECT game_id AS game, kind, intent_at AS at FROM operation_actions JOIN operation_log USING (operation_id)',
    )
    const has = (game: string, kind: string, atMs: number) =>
      intents.some((intent) => intent.game === game && intent.kind === kind && intent.at.getTime() <= atMs)
    const kinds: Readonly<Record<string, string>> = {
      create: 'create_container',
      start: 'start_container',
      stop: 'stop_container',
      destroy: 'remove_container',
      rename: 'rename_container',
    }
    return history.events.flatMap(({ action, gameId, atMs }) => {
      const kind = kinds[action]
      return kind === undefined || has(gameId, kind, atMs + 1) ? [] : [`${gameId}: ${action}`]
    })
  }
})
