import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type Bystanders, startBystanders } from '../support/bystanders.ts'
import { createDeployment, type Deployment } from '../support/deployment.ts'
import type { Lie } from '../support/hostile-engine.ts'
import { buildHostileImage, registerHostileEngine } from '../support/hostile-image.ts'
import { type LoggedController, startLogged } from '../support/logged-controller.ts'
import { type PlayedGames, playedGames } from '../support/played-games.ts'
import { registerReferenceEngine } from '../support/reference-engine.ts'
import { until } from '../support/until.ts'

/** Fault 46: what an engine answers is bounded and believed as little as can be, and is its own game's trouble. */
describe('an engine that lies', () => {
  let deployment: Deployment
  let games: PlayedGames
  let controller: LoggedController
  let bystanders: Bystanders

  beforeAll(async () => {
    deployment = await createDeployment({ 'timings.turn': '2s', 'timings.engineCall': '1s' })
    games = playedGames(deployment)
    await registerReferenceEngine(deployment)
    await buildHostileImage(deployment)
    controller = await startLogged(deployment)
    bystanders = await startBystanders(deployment, games, controller)
  })
  afterAll(async () => {
    await controller.stop()
    await deployment.dispose()
  })

  afterEach(() => bystanders.expectUndisturbed())

  /** Answers to a turn that cannot be used, of an engine that has computed it all the same: its status settles it. */
  it.each<Lie>(['huge', 'wrong number', 'trickle', 'cut', 'deep'])(
    'rows 46 and 47: (%s) in its answer to a turn has computed it once',
    async (lie) => {
      const gameId = `lie-${lie.replace(' ', '-')}`
      await hostile(gameId, lie)
      await force(gameId, 'one')
      await games.untilTurns(gameId, ['1 succeeded'])
      await force(gameId, 'two')
      await games.untilTurns(gameId, ['1 succeeded', '2 succeeded'])
      await deployment.untilStatus(gameId, 'running')
      expect(await computedBy(gameId)).toEqual([1, 2])
    },
  )

  it('about who plays whom is believed, turn by turn', async () => {
    await hostile('swap', 'strange players')
    for (const [index, token] of ['one', 'two', 'three'].entries()) {
      await force('swap', token)
      await games.untilTurns('swap', ['1 succeeded', '2 succeeded', '3 succeeded'].slice(0, index + 1))
    }
    const mapped = await deployment.query("SELECT DISTINCT engine_player_uuid FROM player_mappings WHERE game_id = 'swap'")
    expect(mapped).toHaveLength(3)
  })

  it('row 46: and redirects is not followed, and asked again after a delay', async () => {
    await hostile('redirected', 'redirect')
    await force('redirected', 'one')
    expect(await games.untilCondition('redirected', 'TurnFailed', 'Failed2Times')).toContain('refused with 302')
    await deployment.untilStatus('redirected', 'generation_failed')
    expect(await computedBy('redirected')).toEqual([])
    await deployment.query("UPDATE desired_games SET deleted_at = now() WHERE game_id = 'redirected'")
    await deployment.untilStatus('redirected', null)
    expect((await games.ledger('redirected')).map(({ status }) => status)).toEqual(['failed'])
  })

  it('row 46: and redirects when it is asked for its game is unreachable', async () => {
    await hostile('status-redirect', 'status redirect', 'running')
    await deployment.query("UPDATE desired_games SET restart_token = 'again' WHERE game_id = 'status-redirect'")
    await deployment.untilStatus('status-redirect', 'engine_unreachable')
    expect(await games.untilCondition('status-redirect', 'EngineUnreachable', 'ProbeFailed')).toContain('refused with 302')
  })

  it('row 46: and whose turn goes backwards has lost its state: nothing is computed on it', async () => {
    await hostile('backwards', 'backwards')
    await force('backwards', 'one')
    await games.untilTurns('backwards', ['1 succeeded'])
    await force('backwards', 'two')
    expect(await games.untilCondition('backwards', 'Blocked', 'StateLost')).toContain('its engine is at turn 0, but turn 1 was computed')
    await force('backwards', 'three')
    await games.untilCondition('backwards', 'Blocked', 'StateLost')
    expect(await computedBy('backwards')).toEqual([1, 2])
    await deployment.query("UPDATE desired_games SET deleted_at = now(), purge_state = true WHERE game_id = 'backwards'")
    await until(
      () => deployment.query("SELECT FROM desired_games WHERE game_id = 'backwards'"),
      (rows) => rows.length === 0,
      'its row is gone',
    )
    await hostile('backwards', 'backwards', 'running')
    await force('backwards', 'one')
    await until(
      () => games.turns('backwards'),
      (turns) => turns.at(-1) === '1 succeeded',
      'a new incarnation has its first turn',
    )
  })

  it.each<Lie>(['init refused', 'init never'])(
    'row 46: and gives no game (%s) is unreachable, and asked again after a delay',
    async (lie) => {
      const gameId = lie.replace(' ', '-')
      await registerHostileEngine(deployment, gameId, lie)
      await games.want(gameId, { engine: gameId })
      await games.untilLog(gameId, 'start failed engine_unreachable')
      await games.untilCondition(gameId, 'Ready', 'EngineUnreachable')
      await games.untilCondition(gameId, 'Initialized', 'NotYet')
      expect(await containersOf(gameId)).toHaveLength(1)
    },
  )

  async function hostile(gameId: string, lie: Lie, status = 'running'): Promise<void> {
    await deployment.query('DELETE FROM engine_versions WHERE engine = $1', [gameId])
    await registerHostileEngine(deployment, gameId, lie)
    await games.want(gameId, { engine: gameId })
    await deployment.untilStatus(gameId, status)
  }

  /** Asks for one turn now, once the game serves. */
  async function force(gameId: string, token: string): Promise<void> {
    await until(
      () => deployment.query('SELECT FROM runtime_records WHERE game_id = $1 AND current_turn IS NOT NULL', [gameId]),
      (rows) => rows.length > 0,
      `${gameId} has its game`,
    )
    await deployment.query('UPDATE desired_games SET turn_token = $2 WHERE game_id = $1', [gameId, token])
  }

  async function computedBy(gameId: string): Promise<unknown> {
    const [container] = await containersOf(gameId)
    const address = Object.values(container?.NetworkSettings.Networks ?? {})[0]?.IPAddress
    return (await fetch(`http://${address}:8080/computed`)).json()
  }

  async function containersOf(gameId: string) {
    return (await deployment.containers()).filter(({ Labels }) => Labels['com.galaxy.game_id'] === gameId)
  }
})
