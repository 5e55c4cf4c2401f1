import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { createDeployment, type Deployment, type RunningController } from '../support/deployment.ts'
import { askEngine, PLAYERS, registerReferenceEngine } from '../support/reference-engine.ts'
import { until } from '../support/until.ts'

describe('a database that was restored to an older point', () => {
  let deployment: Deployment
  let controller: RunningController
  let admin: pg.Client
  let database: string

  beforeAll(async () => {
    deployment = await createDeployment()
    await registerReferenceEngine(deployment)
    database = new URL(deployment.config.databaseUrl ?? '').pathname.slice(1)
    admin = new pg.Client({ connectionString: inject('postgresUrl') })
    await admin.connect()
    controller = await deployment.start()
  }, 120_000)
  afterAll(async () => {
    await deployment.dispose()
    await admin.query(`DROP DATABASE IF EXISTS ${database}_backup`)
    await admin.end()
  })

  it('loses nothing and doubles nothing: later games are adopted, later turns are kept, deleted ones come back', async () => {
    for (const gameId of ['kept', 'ahead', 'deleted']) await start(gameId)
    await forceTurn('ahead', 'one')
    await backUp()

    await start('later')
    await forceTurn('later', 'one')
    await forceTurn('ahead', 'two')
    await deployment.query("DELETE FROM desired_games WHERE game_id = 'deleted'")
    await until(containersByGame, (containers) => !containers.has('deleted'), 'it is gone')
    const before = await containersByGame()
    await restore()

    await until(
      () => deployment.query<{ game_id: string }>("SELECT game_id FROM runtime_records WHERE status = 'running' ORDER BY game_id"),
      (rows) => rows.length === 4,
      'all four run',
    )
    const after = await containersByGame()
    expect([...after.keys()].sort()).toEqual(['ahead', 'deleted', 'kept', 'later'])
    for (const gameId of ['kept', 'ahead', 'later']) expect(after.get(gameId)).toBe(before.get(gameId))
    expect(await deployment.query("SELECT managed_by FROM desired_games WHERE game_id = 'later'")).toEqual([{ managed_by: 'reconciler' }])
    expect(await askEngine(deployment, 'ahead')).toMatchObject({ turn: 2 })
    const turns = await deployment.query("SELECT game_id, current_turn FROM runtime_records WHERE status = 'running' ORDER BY game_id")
    expect(turns).toEqual([
      { game_id: 'ahead', current_turn: 2 },
      { game_id: 'deleted', current_turn: 0 },
      { game_id: 'kept', current_turn: 0 },
      { game_id: 'later', current_turn: 1 },
    ])
    expect(
      await deployment.query("SELECT op FROM operation_log WHERE op = 'stop' OR op_detail IN ('duplicate', 'reconcile_dispose')"),
    ).toEqual([])
  }, 60_000)

  async function start(gameId: string): Promise<void> {
    await deployment.query("INSERT INTO desired_games (game_id, engine, engine_version, players) VALUES ($1, 'reference', '1.0.0', $2)", [
      gameId,
      JSON.stringify(PLAYERS),
    ])
    await deployment.untilStatus(gameId, 'running')
  }

  async function forceTurn(gameId: string, token: string): Promise<void> {
    await deployment.query('UPDATE desired_games SET turn_token = $2 WHERE game_id = $1', [gameId, token])
    await until(
      () => deployment.query("SELECT FROM turns WHERE game_id = $1 AND turn_token = $2 AND status = 'succeeded'", [gameId, token]),
      (rows) => rows.length === 1,
      'the turn is computed',
    )
  }

  async function containersByGame(): Promise<ReadonlyMap<string, string>> {
    return new Map((await deployment.containers()).map(({ Id, Labels }) => [Labels['com.galaxy.game_id'] ?? '', Id]))
  }

  async function backUp(): Promise<void> {
    await controller.stop()
    await disconnectAll()
    await admin.query(`CREATE DATABASE ${database}_backup TEMPLATE ${database}`)
    controller = await deployment.start()
  }

  async function restore(): Promise<void> {
    await controller.stop()
    await disconnectAll()
    await admin.query(`DROP DATABASE ${database}`)
    await admin.query(`ALTER DATABASE ${database}_backup RENAME TO ${database}`)
    controller = await deployment.start()
  }

  async function disconnectAll(): Promise<void> {
    await admin.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1', [database])
    await delay(200)
  }
})
