import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createDeployment, type Deployment } from '../support/deployment.ts'
import { askEngine, PLAYERS, registerReferenceEngine } from '../support/reference-engine.ts'
import { until } from '../support/until.ts'

describe('the life of a game', () => {
  let deployment: Deployment

  beforeAll(async () => {
    deployment = await createDeployment()
    await registerReferenceEngine(deployment)
    await deployment.start()
  }, 120_000)
  afterAll(() => deployment.dispose())

  it('waits for players, and is initialised when they come', async () => {
    await deployment.query("INSERT INTO desired_games (game_id, engine, engine_version) VALUES ('empty', 'reference', '1.0.0')")
    await until(
      () => condition('empty', 'Ready'),
      (found) => found?.reason === 'NoPlayers',
      'the condition says it',
    )
    await deployment.untilStatus('empty', 'starting')
    expect(await deployment.query("SELECT type, error_code FROM notification_intents WHERE game_id = 'empty'")).toEqual([
      { type: 'runtime.start_config_invalid', error_code: 'start_config_invalid' },
    ])
    await deployment.query("UPDATE desired_games SET players = $1 WHERE game_id = 'empty'", [JSON.stringify(PLAYERS)])
    await deployment.untilStatus('empty', 'running')
    expect(await askEngine(deployment, 'empty')).toMatchObject({ turn: 0 })
    expect(await log('empty')).toEqual(['start succeeded lobby', 'start succeeded lobby'])
  })

  it('is initialised in its start’s own operation', async () => {
    await start('counted')
    const [row] = await deployment.query<{ actions: string; races: number; snapshots: number }>(
      `SELECT (SELECT string_agg(kind || ' ' || outcome, ', ' ORDER BY seq) FROM operation_actions a JOIN operation_log l USING (operation_id)
                WHERE l.game_id = 'counted') AS actions,
              (SELECT count(*)::int FROM player_mappings WHERE game_id = 'counted') AS races,
              (SELECT count(*)::int FROM health_snapshots WHERE game_id = 'counted' AND turn = 0) AS snapshots`,
    )
    expect(row).toEqual({
      actions: 'create_container succeeded, start_container succeeded, init_engine succeeded',
      races: 3,
      snapshots: 1,
    })
  })

  it('computes turns by its schedule, one ledger row each, and none while paused', async () => {
    await start('ticking', { turn_schedule: '* * * * * *' })
    await until(
      () => turnOf('ticking'),
      (turn) => turn >= 2,
      'two turns are computed',
    )
    await deployment.query("UPDATE desired_games SET paused = true WHERE game_id = 'ticking'")
    await until(
      () => deployment.query("SELECT FROM turns WHERE game_id = 'ticking' AND skip_reason = 'paused'"),
      (rows) => rows.length >= 2,
      'two ticks are skipped',
    )
    const { turn } = await askEngine(deployment, 'ticking')
    const computed = await deployment.query<{ turn: number }>(
      "SELECT turn FROM turns WHERE game_id = 'ticking' AND status = 'succeeded' ORDER BY id",
    )
    expect(computed.map((row) => row.turn)).toEqual(Array.from({ length: turn }, (_, index) => index + 1))
    await deployment.query("UPDATE desired_games SET turn_schedule = NULL WHERE game_id = 'ticking'")
    expect((await log('ticking')).filter((line) => line.startsWith('pause'))).toEqual(['pause succeeded lobby'])
  })

  it('computes one turn at once for a turn token, also of a paused game, and skips the next tick', async () => {
    await start('forced', { paused: true, turn_schedule: '*/2 * * * * *' })
    await deployment.query("UPDATE desired_games SET turn_token = 'now', paused = false WHERE game_id = 'forced'")
    await until(
      () => deployment.query("SELECT FROM turns WHERE game_id = 'forced' AND skip_reason = 'skip_next_tick'"),
      (rows) => rows.length === 1,
      'the next tick is skipped',
    )
    const [forced] = await deployment.query(
      "SELECT turn, status, turn_token FROM turns WHERE game_id = 'forced' AND turn_token IS NOT NULL",
    )
    expect(forced).toEqual({ turn: 1, status: 'succeeded', turn_token: 'now' })
    await deployment.query("UPDATE desired_games SET turn_schedule = NULL, turn_token = 'again', paused = true WHERE game_id = 'forced'")
    await until(
      () => log('forced'),
      (lines) => lines.filter((line) => line === 'force_next_turn succeeded lobby').length === 2,
      'the second is computed',
    )
  })

  it('is initialised and played also without any probe', async () => {
    await deployment.query(
      `INSERT INTO engine_versions (engine, version, image_ref, probe) VALUES ('unprobed', '1.0.0', 'galaxy-engine:1.0.0', '{"none": true}')`,
    )
    await deployment.query(
      "INSERT INTO desired_games (game_id, engine, engine_version, players) VALUES ('unprobed', 'unprobed', '1.0.0', $1)",
      [JSON.stringify(PLAYERS)],
    )
    await deployment.untilStatus('unprobed', 'running')
    await deployment.query("UPDATE desired_games SET turn_token = 'one' WHERE game_id = 'unprobed'")
    await until(
      () => turnOf('unprobed'),
      (turn) => turn === 1,
      'a turn is computed',
    )
    expect(await log('unprobed')).toEqual(['start succeeded lobby', 'force_next_turn succeeded lobby'])
  })

  it('keeps the turn number through a patch', async () => {
    await start('patched')
    await deployment.query("UPDATE desired_games SET turn_token = 'one' WHERE game_id = 'patched'")
    await until(
      () => turnOf('patched'),
      (turn) => turn === 1,
      'a turn is computed',
    )
    await deployment.query("UPDATE desired_games SET engine_version = '1.0.1' WHERE game_id = 'patched'")
    await until(
      () => log('patched'),
      (lines) => lines.at(-1) === 'patch succeeded lobby',
      'it is patched',
    )
    expect(await askEngine(deployment, 'patched')).toMatchObject({ turn: 1 })
    expect(await turnOf('patched')).toBe(1)
  })

  async function start(gameId: string, fields: { readonly turn_schedule?: string; readonly paused?: boolean } = {}): Promise<void> {
    await deployment.query(
      `INSERT INTO desired_games (game_id, engine, engine_version, players, turn_schedule, paused)
       VALUES ($1, 'reference', '1.0.0', $2, $3, $4)`,
      [gameId, JSON.stringify(PLAYERS), fields.turn_schedule ?? null, fields.paused ?? false],
    )
    await deployment.untilStatus(gameId, 'running')
  }

  async function turnOf(gameId: string): Promise<number> {
    const [row] = await deployment.query<{ current_turn: number }>('SELECT current_turn FROM runtime_records WHERE game_id = $1', [gameId])
    return row?.current_turn ?? -1
  }

  async function log(gameId: string): Promise<readonly string[]> {
    const rows = await deployment.query<{ line: string }>(
      `SELECT op || coalesce('/' || op_detail, '') || ' ' || status || ' ' || source AS line FROM operation_log
        WHERE game_id = $1 ORDER BY operation_id`,
      [gameId],
    )
    return rows.map(({ line }) => line)
  }

  async function condition(gameId: string, type: string): Promise<{ readonly reason: string } | undefined> {
    const [row] = await deployment.query<{ conditions: { type: string; reason: string }[] }>(
      'SELECT conditions FROM game_status WHERE game_id = $1',
      [gameId],
    )
    return row?.conditions.find((each) => each.type === type)
  }
})
