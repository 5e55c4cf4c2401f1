import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createDeployment, type Deployment } from '../support/deployment.ts'
import { type PlayedGames, playedGames } from '../support/played-games.ts'
import { registerReferenceEngine } from '../support/reference-engine.ts'
import { until } from '../support/until.ts'

/** Fault 53: a game finishes, its TTL passes, the row still says running. */
describe('a game that its engine has finished', () => {
  let deployment: Deployment
  let games: PlayedGames

  beforeAll(async () => {
    deployment = await createDeployment({ 'timings.cleanupTtl': '2s', 'timings.resync': '500ms' })
    games = playedGames(deployment)
    await registerReferenceEngine(deployment, { GALAXY_ENGINE_TURN_LIMIT: '2' })
    await deployment.start()
    await games.want('short', { engine: 'reference', schedule: '* * * * * *' })
  })
  afterAll(() => deployment.dispose())

  it('row 53: has no turns any more, and stays down once its container is cleaned up', async () => {
    await deployment.untilStatus('short', 'finished')
    expect(await deployment.containers()).toHaveLength(1)
    await games.untilLog('short', 'reconcile/cleanup succeeded')
    const cleanedUpMs = Date.now()
    await until(Date.now, (nowMs) => nowMs > cleanedUpMs + 2_000, 'several resyncs have passed')
    expect(await deployment.containers()).toHaveLength(0)
    expect(await games.turns('short')).toEqual(['1 succeeded', '2 succeeded'])
    expect((await games.log('short')).at(-1)).toBe('reconcile/cleanup succeeded')
    expect(await statusOf()).toEqual({ status: 'finished', current_turn: 2 })
    const [last] = await deployment.query("SELECT runtime_status FROM health_snapshots WHERE game_id = 'short' ORDER BY id DESC LIMIT 1")
    expect(last).toEqual({ runtime_status: 'finished' })
  })

  it('is started again by a new generation, and goes again', async () => {
    await deployment.query("UPDATE desired_games SET cpus = 0.5 WHERE game_id = 'short'")
    await until(
      () => deployment.containers(),
      (containers) => containers.length === 1,
      'it runs again',
    )
    await deployment.untilStatus('short', 'finished')
    await until(
      () => deployment.containers(),
      (containers) => containers.length === 0,
      'it is cleaned up again',
    )
    expect(await games.turns('short')).toEqual(['1 succeeded', '2 succeeded'])
  })

  it('goes also where a new generation came while its container was still up', async () => {
    await deployment.query("UPDATE desired_games SET restart_token = 'again' WHERE game_id = 'short'")
    await until(
      () => deployment.containers(),
      (containers) => containers.length === 1,
      'it runs again',
    )
    await deployment.untilStatus('short', 'finished')
    await deployment.query("UPDATE desired_games SET paused = true WHERE game_id = 'short'")
    await until(
      () => deployment.containers(),
      (containers) => containers.length === 0,
      'it is cleaned up again',
    )
    expect(await statusOf()).toEqual({ status: 'finished', current_turn: 2 })
  })

  async function statusOf(): Promise<unknown> {
    return (await deployment.query("SELECT status, current_turn FROM runtime_records WHERE game_id = 'short'"))[0]
  }
})
