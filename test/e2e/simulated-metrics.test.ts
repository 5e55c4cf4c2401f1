import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { PLAYERS } from '../support/reference-engine.ts'
import { type ControllerHere, simulatedControllers, type SimulatedControllers } from '../support/simulated-controller.ts'
import { until } from '../support/until.ts'

/** What `/metrics` of a whole controller shows of games that live. */
describe('metrics', () => {
  let controllers: SimulatedControllers
  let controller: ControllerHere

  beforeAll(async () => {
    // No list of its own accord: every Docker call that is counted is one that the test brought about.
    controllers = await simulatedControllers({
      'timings.resync': '1h',
      'timings.eventWatchdog': '1h',
      // Nobody listens there.
      'webhook.url': 'http://127.0.0.1:9/',
      'webhook.secrets': 'signs',
    })
    controller = await controllers.start()
  })
  afterAll(() => controllers.dispose())

  it('move with a game that starts: passes, operation, Docker and engine calls, and how the game is', async () => {
    await ask('orion')
    await controllers.deployment.untilStatus('orion', 'running')
    const told = await untilTold('galaxy_game_conditions', { type: 'Ready', status: 'True' }, 1)
    expect(told.value('galaxy_operations_total', { op: 'start', outcome: 'succeeded', code: '' })).toBe(1)
    expect(told.value('galaxy_operation_duration_seconds_count', { op: 'start' })).toBe(1)
    expect(told.value('reconcile_total', { result: 'requeue' })).toBeGreaterThan(0)
    expect(told.value('reconcile_total', { result: 'error' })).toBe(0)
    expect(told.value('workqueue_adds_total', { lane: 'live' })).toBeGreaterThan(0)
    expect(told.value('workqueue_queue_duration_seconds_count', { lane: 'live' })).toBeGreaterThan(0)
    for (const call of ['container_create', 'container_start'])
      expect(told.value('galaxy_docker_calls_total', { call, outcome: 'ok' }), call).toBe(1)
    expect(told.value('galaxy_engine_calls_total', { call: 'init', outcome: 'ok' })).toBe(1)
    expect(told.value('galaxy_probes_total', { outcome: 'ok' })).toBeGreaterThan(0)
    expect(told.value('galaxy_games', { status: 'running' })).toBe(1)
    expect(told.value('galaxy_docker_containers')).toBe(1)
    expect(told.value('galaxy_docker_reachable')).toBe(1)
    expect(told.value('leader_election_master_status', { name: controllers.deployment.config.instance })).toBe(1)
    await untilTold('galaxy_lease_renewals_total', { outcome: 'renewed' }, 1)
  })

  it('move with its turns, by token and by schedule', async () => {
    await controllers.deployment.query("UPDATE desired_games SET turn_token = 'one' WHERE game_id = 'orion'")
    const told = await untilTold('galaxy_turns_total', { outcome: 'succeeded' }, 1)
    expect(told.value('galaxy_turn_duration_seconds_count', { outcome: 'succeeded' })).toBe(1)
    expect(told.value('galaxy_tick_lateness_seconds_count')).toBe(0)
    await controllers.deployment.query("UPDATE desired_games SET turn_schedule = '* * * * * *' WHERE game_id = 'orion'")
    await untilTold('galaxy_tick_lateness_seconds_count', {}, 1)
    await controllers.deployment.query("UPDATE desired_games SET paused = true WHERE game_id = 'orion'")
    await untilTold('galaxy_ticks_skipped_total', { reason: 'paused' }, 1)
    await controllers.deployment.query("UPDATE desired_games SET turn_schedule = NULL WHERE game_id = 'orion'")
  })

  it('move with what fails: a pull, an operation, and its condition', async () => {
    await controllers.deployment.query("INSERT INTO desired_games (game_id, image_ref) VALUES ('unpulled', 'registry.test/nothing:1')")
    const told = await untilTold('galaxy_game_conditions', { type: 'ImagePullBackOff', status: 'True' }, 1)
    expect(told.sum('galaxy_image_pulls_total', { outcome: 'failed' })).toBeGreaterThan(0)
    expect(told.sum('galaxy_operations_total', { outcome: 'failed', code: 'image_pull_failed' })).toBeGreaterThan(0)
    expect(told.value('galaxy_game_conditions', { type: 'Ready', status: 'False' })).toBe(1)
    await controllers.deployment.query("DELETE FROM desired_games WHERE game_id = 'unpulled'")
  })

  it('row 49: count a pass in which something was thrown that nobody foresaw', async () => {
    const { query } = controllers.deployment
    await query(`CREATE FUNCTION test_bug() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN RAISE EXCEPTION 'nobody foresaw this' USING ERRCODE = 'XX001'; END $$`)
    await query(
      "CREATE TRIGGER test_bug BEFORE INSERT ON operation_log FOR EACH ROW WHEN (NEW.game_id = 'broken') EXECUTE FUNCTION test_bug()",
    )
    await ask('broken')
    const told = await untilTold('reconcile_panics_total', {}, 1)
    expect(told.value('reconcile_errors_total')).toBeGreaterThan(0)
    await query('DROP TRIGGER test_bug ON operation_log')
    await query("DELETE FROM desired_games WHERE game_id = 'broken'")
  })

  it('tell of the outbox, and come without it while the database does not answer', async () => {
    const told = await untilTold('galaxy_outbox_waiting', {}, 1)
    expect(told.value('galaxy_outbox_oldest_waiting_seconds')).toBeGreaterThan(0)
    expect(told.value('galaxy_outbox_dead')).toBe(0)
    await untilTold('galaxy_outbox_deliveries_total', { outcome: 'retry' }, 1)
    const release = await lockOutbox()
    try {
      const hanging = await until(
        () => controller.scrape(),
        (each) => each.value('galaxy_outbox_waiting') === undefined,
        'the outbox is not told of',
      )
      expect(hanging.value('galaxy_games', { status: 'running' })).toBe(1)
    } finally {
      await release()
    }
  })

  it('cost no Docker call, however often they are asked for', async () => {
    await until(
      async () => {
        const before = (await controller.scrape()).sum('galaxy_docker_calls_total')
        for (let scrapes = 0; scrapes < 20; scrapes += 1) await controller.scrape()
        return (await controller.scrape()).sum('galaxy_docker_calls_total') - before
      },
      (calls) => calls === 0,
      'twenty scrapes go by without a call',
    )
  })

  it('of a standby say so, and nothing of games; they follow the lease', async () => {
    const standby = await controllers.start()
    const told = await standby.scrape()
    expect(told.value('leader_election_master_status')).toBe(0)
    expect(told.value('galaxy_lease_epoch')).toBe(0)
    expect(told.samples.filter(({ name }) => name === 'galaxy_games' || name === 'workqueue_depth')).toEqual([])
    await controller.stop()
    await until(
      async () => (await standby.scrape()).value('galaxy_games', { status: 'running' }),
      (running) => running === 1,
      'the standby tells of games',
    )
    expect((await standby.scrape()).value('leader_election_master_status')).toBe(1)
  })

  /** @returns what gives it free again */
  async function lockOutbox(): Promise<() => Promise<void>> {
    const client = new pg.Client({ connectionString: controllers.deployment.databaseUrl })
    await client.connect()
    await client.query('BEGIN; LOCK TABLE outbox')
    return () => client.end()
  }

  function ask(gameId: string) {
    return controllers.deployment.query(
      "INSERT INTO desired_games (game_id, engine, engine_version, players) VALUES ($1, 'reference', '1.0.0', $2)",
      [gameId, JSON.stringify(PLAYERS)],
    )
  }

  function untilTold(name: string, labels: Readonly<Record<string, string>>, atLeast: number) {
    return until(
      () => controller.scrape(),
      (told) => told.sum(name, labels) >= atLeast,
      `${name} is ${atLeast}`,
    )
  }
})
