import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type Bystanders, startBystanders } from '../support/bystanders.ts'
import { createDeployment, type Deployment } from '../support/deployment.ts'
import { type LoggedController, startLogged } from '../support/logged-controller.ts'
import { type PlayedGames, playedGames } from '../support/played-games.ts'
import { askEngine, registerReferenceEngine } from '../support/reference-engine.ts'
import { until } from '../support/until.ts'

const FAULT = 'GALAXY_ENGINE_FAULT_'

/**
 * Faults 46 and 47: whatever one engine does is bounded, told, and its own game's trouble. Version 1.0.1 of each faulty engine
 * is without the fault, so that a patch heals it.
 */
describe('an engine', () => {
  let deployment: Deployment
  let games: PlayedGames
  let controller: LoggedController
  let bystanders: Bystanders

  beforeAll(async () => {
    deployment = await createDeployment({ 'timings.turn': '2s', 'timings.engineCall': '1s' })
    games = playedGames(deployment)
    await registerReferenceEngine(deployment)
    controller = await startLogged(deployment)
    bystanders = await startBystanders(deployment, games, controller)
  })
  afterAll(async () => {
    await controller.stop()
    await deployment.dispose()
  })

  afterEach(() => bystanders.expectUndisturbed())

  it('that starts slowly is waited for', async () => {
    await faulty('slow', { SLOW_START_MS: '3000' })
    await deployment.untilStatus('slow', 'starting')
    await deployment.untilStatus('slow', 'running')
    expect(await games.log('slow')).toEqual(['start succeeded'])
  })

  it('row 46: that starts too slowly is unreachable, keeps its container, and plays as soon as it answers', async () => {
    await faulty('too-slow', { SLOW_START_MS: '8000' })
    await deployment.untilStatus('too-slow', 'engine_unreachable')
    const [before] = await containersOf('too-slow')
    await games.untilCondition('too-slow', 'EngineUnreachable', 'ProbeFailed')
    await deployment.untilStatus('too-slow', 'running')
    expect(await games.log('too-slow')).toEqual(['start failed engine_unreachable', 'start succeeded'])
    expect((await containersOf('too-slow')).map(({ Id }) => Id)).toEqual([before?.Id])
  })

  it('row 13: that crashes at its start is started ever more rarely, until it is mended', async () => {
    await faulty('crash-start', { CRASH_AT_START: '1' })
    await games.untilLog('crash-start', 'start failed container_start_failed')
    await until(
      () => restartsOf('crash-start'),
      (count) => count >= 2,
      'it is started again',
    )
    await games.untilCondition('crash-start', 'Ready', 'CrashLoopBackOff')
    expect(await deployment.query("SELECT type FROM notification_intents WHERE game_id = 'crash-start'")).toEqual([
      { type: 'runtime.container_start_failed' },
    ])
    expect(await restartsOf('crash-start')).toBeLessThan(6)
    await mend('crash-start')
    await deployment.untilStatus('crash-start', 'running')
  })

  it('that crashes while it computes a turn is started again, and asked for that turn again', async () => {
    await faulty('crash-turn', { CRASH_AT_TURN: '2' })
    await force('crash-turn', 'one')
    await games.untilTurns('crash-turn', ['1 succeeded'])
    await force('crash-turn', 'two')
    await games.untilLog('crash-turn', 'restart/crash_restart succeeded')
    await until(
      () => games.ledger('crash-turn'),
      (rows) => (rows[1]?.attempts ?? 0) >= 2,
      'it is asked again',
    )
    expect(await games.turns('crash-turn')).toEqual(['1 succeeded', '2 in_progress'])
    expect(await restartsOf('crash-turn')).toBeLessThan(6)
    await mend('crash-turn')
    await games.untilTurns('crash-turn', ['1 succeeded', '2 succeeded'])
    await deployment.untilStatus('crash-turn', 'running')
    expect(await askEngine(deployment, 'crash-turn')).toMatchObject({ turn: 2 })
  })

  it('row 47: that crashes after it has computed a turn, before it answers, has computed it once', async () => {
    await faulty('crash-after', { CRASH_AFTER_TURN: '1' })
    await force('crash-after', 'one')
    await games.untilTurns('crash-after', ['1 succeeded'])
    await deployment.untilStatus('crash-after', 'running')
    expect(await askEngine(deployment, 'crash-after')).toMatchObject({ turn: 1 })
    await force('crash-after', 'two')
    await games.untilTurns('crash-after', ['1 succeeded', '2 succeeded'])
  })

  it('row 46: that hangs in a turn has until its deadline, then is asked again after a delay', async () => {
    await faulty('hang', { HANG_AT_TURN: '1' })
    await force('hang', 'one')
    await deployment.untilStatus('hang', 'generation_in_progress')
    const startedMs = performance.now()
    await games.untilLog('hang', 'force_next_turn failed engine_unreachable')
    expect(performance.now() - startedMs).toBeLessThan(5_000)
    expect(await games.untilCondition('hang', 'TurnFailed', 'Failed1Times')).toContain('not computed within 2 s')
    await until(
      () => games.ledger('hang'),
      (rows) => (rows[0]?.attempts ?? 0) >= 2,
      'it is asked again',
    )
    await mend('hang')
    await games.untilTurns('hang', ['1 succeeded'])
    await deployment.untilStatus('hang', 'running')
    expect(await askEngine(deployment, 'hang')).toMatchObject({ turn: 1 })
  })

  it('that hangs in a turn keeps a stop waiting until the turn’s deadline, and no longer', async () => {
    await faulty('hang-stop', { HANG_AT_TURN: '1' })
    await force('hang-stop', 'one')
    await deployment.untilStatus('hang-stop', 'generation_in_progress')
    const startedMs = performance.now()
    await deployment.query("UPDATE desired_games SET state = 'stopped', stop_reason = 'cancelled' WHERE game_id = 'hang-stop'")
    await deployment.untilStatus('hang-stop', 'stopped')
    const tookMs = performance.now() - startedMs
    expect(tookMs).toBeGreaterThan(1_000)
    expect(tookMs).toBeLessThan(6_000)
    expect(await games.log('hang-stop')).toEqual(['start succeeded', 'force_next_turn failed engine_unreachable', 'stop succeeded'])
    expect((await games.ledger('hang-stop')).map(({ status }) => status)).toEqual(['failed'])
  })

  it('row 47: that computes a turn and never answers is settled by its status', async () => {
    await faulty('hang-after', { HANG_AFTER_TURN: '1' })
    await force('hang-after', 'one')
    await games.untilTurns('hang-after', ['1 succeeded'])
    expect(await games.log('hang-after')).toEqual(['start succeeded', 'force_next_turn succeeded'])
    expect(await games.ledger('hang-after')).toMatchObject([{ attempts: 1 }])
    expect(await askEngine(deployment, 'hang-after')).toMatchObject({ turn: 1 })
  })

  it('row 46: that never answers its probe is unreachable', async () => {
    await faulty('hang-health', { HANG_HEALTH: '1' })
    await deployment.untilStatus('hang-health', 'engine_unreachable')
    expect(await games.log('hang-health')).toEqual(['start failed engine_unreachable'])
    await mend('hang-health')
    await deployment.untilStatus('hang-health', 'running')
  })

  it('row 46: that answers what is no JSON is unreachable, and asked ever more rarely', async () => {
    await faulty('bad-json', { BAD_JSON: '1' })
    await deployment.untilStatus('bad-json', 'engine_unreachable')
    await games.untilLog('bad-json', 'start failed engine_unreachable')
    await mend('bad-json')
    await deployment.untilStatus('bad-json', 'running')
  })

  it('row 16: that ignores SIGTERM is killed after the grace period', async () => {
    await faulty('deaf', { IGNORE_SIGTERM: '1' })
    await deployment.untilStatus('deaf', 'running')
    const startedMs = performance.now()
    await deployment.query("UPDATE desired_games SET state = 'stopped', stop_reason = 'cancelled' WHERE game_id = 'deaf'")
    await deployment.untilStatus('deaf', 'stopped')
    expect(performance.now() - startedMs).toBeLessThan(5_000)
    expect(await games.log('deaf')).toEqual(['start succeeded', 'stop succeeded'])
  })

  /** A game of an engine with this fault; its version 1.0.1 is without. */
  async function faulty(gameId: string, faults: Readonly<Record<string, string>>): Promise<void> {
    const env = Object.fromEntries(Object.entries(faults).map(([name, value]) => [`${FAULT}${name}`, value]))
    await registerReferenceEngine(deployment, env, gameId)
    await deployment.query("UPDATE engine_versions SET env = '{}' WHERE engine = $1 AND version = '1.0.1'", [gameId])
    await games.want(gameId, { engine: gameId })
  }

  async function mend(gameId: string): Promise<void> {
    await deployment.query("UPDATE desired_games SET engine_version = '1.0.1' WHERE game_id = $1", [gameId])
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

  async function containersOf(gameId: string) {
    return (await deployment.containers()).filter(({ Labels }) => Labels['com.galaxy.game_id'] === gameId)
  }

  async function restartsOf(gameId: string): Promise<number> {
    return (await games.log(gameId)).filter((line) => line.startsWith('restart/crash_restart')).length
  }
})
