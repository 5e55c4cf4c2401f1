import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { createDeployment, type Deployment } from '../support/deployment.ts'
import { playedGames } from '../support/played-games.ts'
import { type SimulatorProcess, startSimulatorProcess } from '../support/simulator-process.ts'
import { until } from '../support/until.ts'

/** Docker 20.10 has addresses for about thirty networks; these are its words then. */
const NO_ADDRESSES = 'could not find an available, non-overlapping IPv4 address pool among the defaults to assign to the network'

describe('a Docker that has no addresses left for the network', () => {
  let simulator: SimulatorProcess
  let deployment: Deployment

  beforeAll(async () => {
    const rule = { match: { call: 'network_create' }, times: null, do: { kind: 'refuse', status: 500, message: NO_ADDRESSES } }
    simulator = await startSimulatorProcess(inject('runFolder'), { rules: [rule] }, '--real-time')
    deployment = await createDeployment({}, { kind: 'socket', socketPath: simulator.socketPath })
  })
  afterAll(async () => {
    await deployment.dispose()
    await simulator.stop()
  })

  it('is told in the games’ conditions, with what helps, and they start once it has some', async () => {
    await deployment.query("INSERT INTO desired_games (game_id, engine_version) VALUES ('crowded', '1.0.0')")
    await deployment.start()
    const games = playedGames(deployment)
    expect(await heldBack('crowded')).toBe(
      `docker has no addresses left for network ${deployment.config.docker.network}; remove networks that nobody needs (docker network prune), or give it more (default-address-pools)`,
    )
    expect(await games.log('crowded')).toContain('start failed container_start_failed')
    await simulator.control('DELETE', 'rules')
    await deployment.untilStatus('crowded', 'running')
    expect((await games.log('crowded')).at(-1)).toBe('start succeeded')
  })

  /** However often it has been tried by then. */
  async function heldBack(gameId: string): Promise<string> {
    const read = () =>
      deployment.query<{ message: string }>(
        `SELECT c ->> 'message' AS message FROM game_status, jsonb_array_elements(conditions) AS c
          WHERE game_id = $1 AND c ->> 'type' = 'StartBackOff'`,
        [gameId],
      )
    const [found] = await until(read, (rows) => rows.length > 0, `${gameId} is held back`)
    return found?.message ?? ''
  }
})
