import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createDeployment, type Deployment, type RunningController } from '../support/deployment.ts'
import { buildHostileImage, registerHostileEngine } from '../support/hostile-image.ts'
import { type PlayedGames, playedGames } from '../support/played-games.ts'
import { registerReferenceEngine } from '../support/reference-engine.ts'
import { SILENCE, settled, tenResyncs } from '../support/settled.ts'
import { countStatements, type StatementCounter } from '../support/statements.ts'
import { until } from '../support/until.ts'

/** Promise L1 for the states that a played game can rest in: ten looks at all of them do nothing. */
describe('games that rest', () => {
  const calls: string[] = []
  let deployment: Deployment
  let games: PlayedGames
  let controller: RunningController
  let statements: StatementCounter

  beforeAll(async () => {
    deployment = await createDeployment({ 'timings.engineStart': '2s' })
    games = playedGames(deployment)
    statements = await countStatements(deployment.databaseUrl)
    await registerReferenceEngine(deployment)
    await registerReferenceEngine(deployment, { GALAXY_ENGINE_TURN_LIMIT: '1' }, 'short')
    await registerReferenceEngine(deployment, { GALAXY_ENGINE_FAULT_HANG_HEALTH: '1' }, 'mute')
    await buildHostileImage(deployment)
    await registerHostileEngine(deployment, 'backwards', 'backwards')
    controller = await deployment.start({ onDockerCall: (kind) => calls.push(kind) })
  })
  afterAll(() => deployment.dispose())

  it('cause no call and no write, whatever they rest in', async () => {
    for (const engine of ['reference', 'short', 'mute', 'backwards']) await games.want(engine, { engine })
    await games.want('yearly', { engine: 'reference', schedule: '0 0 1 1 *' })
    await games.want('paused', { engine: 'reference', schedule: '0 0 1 1 *' })
    await deployment.query("INSERT INTO desired_games (game_id, engine, engine_version) VALUES ('empty', 'reference', '1.0.0')")
    for (const gameId of ['reference', 'short', 'backwards', 'yearly', 'paused']) await deployment.untilStatus(gameId, 'running')
    await deployment.query("UPDATE desired_games SET turn_token = 'one' WHERE game_id = ANY('{reference,short,backwards}')")
    await deployment.query("UPDATE desired_games SET paused = true WHERE game_id = 'paused'")
    await deployment.untilStatus('short', 'finished')
    await games.untilTurns('backwards', ['1 succeeded'])
    await deployment.query("UPDATE desired_games SET turn_token = 'two' WHERE game_id = 'backwards'")
    await games.untilCondition('backwards', 'Blocked', 'StateLost')
    await deployment.untilStatus('mute', 'engine_unreachable')
    await games.untilCondition('empty', 'Ready', 'NoPlayers')
    await games.untilLog('paused', 'pause succeeded')
    await games.untilTurns('reference', ['1 succeeded'])
    await settled(controller)
    expect(await tenResyncs(controller, statements, calls)).toEqual(SILENCE)
  })

  it('cause neither when another controller takes over, but for the first look', async () => {
    await controller.stop()
    controller = await deployment.start({ onDockerCall: (kind) => calls.push(kind) })
    await until(
      () => deployment.query('SELECT FROM game_status WHERE conditions @> \'[{"type": "Ready", "status": "Unknown"}]\''),
      (rows) => rows.length === 0,
      'all have answered',
    )
    await deployment.untilStatus('mute', 'engine_unreachable')
    expect(await tenResyncs(controller, statements, calls)).toEqual(SILENCE)
    expect(await deployment.query("SELECT game_id, op FROM operation_log WHERE op IN ('restart', 'stop')")).toEqual([])
  })
})
