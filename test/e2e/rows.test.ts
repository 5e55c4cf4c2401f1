import { afterAll, beforeAll, expect, inject, it } from 'vitest'
import { createDeployment, type Deployment, idleImage } from '../support/deployment.ts'
import { describeOnEachPostgres } from '../support/postgres-majors.ts'

/** Beside other work of the machine. */
const PATIENCE = { timeout: 20_000 }

describeOnEachPostgres('rows, the lobby’s door,', (serverUrl) => {
  let deployment: Deployment

  beforeAll(async () => {
    deployment = await createDeployment({}, inject('dockerAddress'), serverUrl)
    await deployment.start()
  })
  afterAll(() => deployment.dispose())

  it('runs, patches, stops and removes a game by plain SQL', async () => {
    await deployment.query("INSERT INTO desired_games (game_id, engine_version) VALUES ('andromeda', '1.0.0')")
    await deployment.untilStatus('andromeda', 'running')
    expect(await images(deployment)).toEqual([['andromeda', 'running', idleImage('1.0.0')]])

    await deployment.query("UPDATE desired_games SET engine_version = '1.0.1' WHERE game_id = 'andromeda'")
    await expect.poll(() => images(deployment), PATIENCE).toEqual([['andromeda', 'running', idleImage('1.0.1')]])
    await deployment.untilStatus('andromeda', 'running')

    await deployment.query("UPDATE desired_games SET state = 'stopped', stop_reason = 'admin_request' WHERE game_id = 'andromeda'")
    await deployment.untilStatus('andromeda', 'stopped')
    expect(await images(deployment)).toEqual([['andromeda', 'exited', idleImage('1.0.1')]])

    await deployment.query("DELETE FROM desired_games WHERE game_id = 'andromeda'")
    await expect.poll(() => deployment.query('SELECT game_id FROM desired_games'), PATIENCE).toEqual([])
    expect(await images(deployment)).toEqual([])

    const log = await deployment.query<{ op: string }>(
      "SELECT op || coalesce('/' || op_detail, '') || ' ' || status || ' ' || source AS op FROM operation_log ORDER BY operation_id",
    )
    expect(log.map(({ op }) => op)).toEqual([
      'start succeeded lobby',
      'patch succeeded lobby',
      'stop succeeded lobby',
      'stop/delete succeeded lobby',
    ])
    const open = await deployment.query('SELECT * FROM operation_actions WHERE outcome IS DISTINCT FROM $1', ['succeeded'])
    expect(open).toEqual([])
  })
})

async function images(deployment: Deployment): Promise<readonly (readonly string[])[]> {
  const containers = await deployment.containers()
  return containers.map((container) => [container.Labels['com.galaxy.game_id'] ?? '', container.State, container.Image])
}
