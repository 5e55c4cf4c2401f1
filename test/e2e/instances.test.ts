import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bindInstance, InstanceError } from '../../src/database/lease.ts'
import { openPool } from '../../src/database/pool.ts'
import { LABEL } from '../../src/model/labels.ts'
import { createDeployment, type Deployment, idleImage, type RunningController } from '../support/deployment.ts'
import { settled } from '../support/settled.ts'
import { until } from '../support/until.ts'

describe('two instances on one Docker host, with games of the same names', () => {
  let blue: Deployment
  let green: Deployment

  beforeAll(async () => {
    ;[blue, green] = await Promise.all([createDeployment(), createDeployment()])
    await Promise.all([blue.start(), green.start()])
  })
  afterAll(() => Promise.all([blue.dispose(), green.dispose()]))

  it('do not see each other', async () => {
    await Promise.all(
      [blue, green].map((deployment) =>
        deployment.query("INSERT INTO desired_games (game_id, engine_version) VALUES ('andromeda', '1.0.0'), ('hydra', '1.0.0')"),
      ),
    )
    for (const deployment of [blue, green]) for (const game of ['andromeda', 'hydra']) await deployment.untilStatus(game, 'running')
    const greens = (await green.containers()).map(({ Id, State }) => ({ Id, State }))

    await blue.query("UPDATE desired_games SET engine_version = '1.0.1' WHERE game_id = 'andromeda'")
    await blue.query("DELETE FROM desired_games WHERE game_id = 'hydra'")
    await until(
      () => blue.containers(),
      (left) => left.length === 1 && left[0]?.Image === idleImage('1.0.1') && left[0].State === 'running',
      'blue’s games are changed',
    )
    expect((await green.containers()).map(({ Id, State }) => ({ Id, State }))).toEqual(greens)
    expect(await green.query("SELECT op FROM operation_log WHERE op <> 'start'")).toEqual([])
    expect(await green.query('SELECT game_id, ready FROM games ORDER BY game_id')).toEqual([
      { game_id: 'andromeda', ready: 'True' },
      { game_id: 'hydra', ready: 'True' },
    ])
  })

  it('cannot share a database', async () => {
    const pool = openPool({ url: blue.databaseUrl, applicationName: 'test', max: 1 })
    await expect(bindInstance(pool.db, green.config.instance)).rejects.toThrow(InstanceError)
    await pool.close()
  })
})

describe('a second clone: the same instance name, another database', () => {
  let first: Deployment
  let second: Deployment
  let controller: RunningController

  beforeAll(async () => {
    first = await createDeployment()
    second = await createDeployment({ instance: first.config.instance })
    // Both come from one template, and with it one id.
    await second.query('UPDATE deployment SET id = gen_random_uuid()')
    await first.start()
    await first.query("INSERT INTO desired_games (game_id, engine_version) VALUES ('andromeda', '1.0.0'), ('hydra', '1.0.0')")
    for (const game of ['andromeda', 'hydra']) await first.untilStatus(game, 'running')
  })
  afterAll(async () => {
    await second.dispose()
    await first.dispose()
  })

  it('row 35: leaves the first one’s containers alone, and says whose a name is', async () => {
    const before = (await first.containers()).map(({ Id, State }) => ({ Id, State }))
    await second.query("INSERT INTO desired_games (game_id, engine_version) VALUES ('andromeda', '1.0.1'), ('lyra', '1.0.0')")
    await second.query(
      "INSERT INTO desired_games (game_id, engine_version, state, stop_reason) VALUES ('hydra', '1.0.0', 'stopped', 'cancelled')",
    )
    controller = await second.start()
    await second.untilStatus('lyra', 'running')
    const conflict = await until(
      () => condition('andromeda', 'NameConflict'),
      (found) => found !== undefined,
      'the conflict is told',
    )
    const [firsts] = await first.query<{ id: string }>('SELECT id FROM deployment')
    expect(conflict).toContain(`galaxy-game-andromeda belongs to deployment ${firsts?.id}`)
    expect(await second.query("SELECT type, error_code FROM notification_intents WHERE game_id = 'andromeda'")).toEqual([
      { type: 'runtime.container_start_failed', error_code: 'conflict' },
    ])
    await settled(controller)

    const others = await first.containers()
    expect(others.filter((container) => container.Labels[LABEL.gameId] !== 'lyra').map(({ Id, State }) => ({ Id, State }))).toEqual(before)
    expect(await second.query("SELECT game_id FROM operation_log WHERE game_id <> 'lyra'")).toEqual([])
    // Nor does the first one take the second one's game for an orphan of its own.
    expect(await first.query("SELECT game_id FROM games WHERE game_id = 'lyra'")).toEqual([])
  })

  it('starts its own game as soon as the other one’s container is gone', async () => {
    await first.query("DELETE FROM desired_games WHERE game_id = 'andromeda'")
    await second.untilStatus('andromeda', 'running')
    expect(await condition('andromeda', 'NameConflict')).toBeUndefined()
  })

  async function condition(gameId: string, type: string): Promise<string | undefined> {
    const rows = await second.query<{ message: string }>(
      "SELECT c ->> 'message' AS message FROM game_status, jsonb_array_elements(conditions) c WHERE game_id = $1 AND c ->> 'type' = $2",
      [gameId, type],
    )
    return rows[0]?.message
  }
})
