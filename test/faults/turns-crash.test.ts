import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createDeployment, type Deployment } from '../support/deployment.ts'
import { type PlayedGames, playedGames } from '../support/played-games.ts'
import { askEngine, registerReferenceEngine } from '../support/reference-engine.ts'
import { until } from '../support/until.ts'

const GAMES = Array.from({ length: 10 }, (_, index) => `game-${index}`)
const KILLS = 6

describe('kill -9 of the controller in the middle of turns', () => {
  let deployment: Deployment
  let games: PlayedGames

  beforeAll(async () => {
    deployment = await createDeployment()
    games = playedGames(deployment)
    // Slow enough for most kills to hit a turn.
    await registerReferenceEngine(deployment, { GALAXY_ENGINE_FAULT_SLOW_TURN_MS: '400' })
  })
  afterAll(() => deployment.dispose())

  it('row 1: loses no turn and computes none twice', async () => {
    let child = deployment.spawn()
    for (const gameId of GAMES) await games.want(gameId, { engine: 'reference', schedule: '* * * * * *' })
    for (const gameId of GAMES) await deployment.untilStatus(gameId, 'running', 60_000)
    const hits: number[] = []
    for (let kill = 0; kill < KILLS; kill += 1) {
      const before = await turnsSoFar()
      await until(turnsSoFar, (count) => count >= before + GAMES.length, 'turns are computed', 30_000)
      await delay(Math.random() * 1_000)
      child.kill('SIGKILL')
      await once(child, 'exit')
      hits.push((await deployment.query("SELECT FROM operation_log WHERE status = 'running' AND op = 'turn'")).length)
      child = deployment.spawn()
    }
    await deployment.query('UPDATE desired_games SET turn_schedule = NULL')
    await until(open, (count) => count === 0, 'nothing is open', 30_000)
    expect(Math.max(...hits)).toBeGreaterThan(0)

    for (const gameId of GAMES) {
      const { turn } = await askEngine(deployment, gameId)
      expect(await games.turns(gameId)).toEqual(Array.from({ length: turn }, (_, index) => `${index + 1} succeeded`))
      const [record] = await deployment.query('SELECT status, current_turn FROM runtime_records WHERE game_id = $1', [gameId])
      expect(record).toEqual({ status: 'running', current_turn: turn })
      expect(await snapshotsOf(gameId)).toEqual(Array.from({ length: turn + 1 }, (_, index) => index))
    }
    expect(await deployment.query('SELECT FROM operation_actions WHERE outcome IS NULL')).toEqual([])
    expect(await deployment.query("SELECT game_id, op, error_message FROM operation_log WHERE status = 'failed'")).toEqual([])
    child.kill('SIGTERM')
    await once(child, 'exit')
  }, 180_000)

  async function turnsSoFar(): Promise<number> {
    const [row] = await deployment.query<{ count: number }>("SELECT count(*)::int FROM turns WHERE status = 'succeeded'")
    return row?.count ?? 0
  }

  async function open(): Promise<number> {
    const [row] = await deployment.query<{ count: number }>(
      `SELECT (SELECT count(*) FROM turns WHERE status = 'in_progress')::int
            + (SELECT count(*) FROM operation_log WHERE status = 'running')::int
            + (SELECT count(*) FROM runtime_records WHERE status <> 'running' OR turn_schedule IS NOT NULL)::int AS count`,
    )
    return row?.count ?? 0
  }

  async function snapshotsOf(gameId: string): Promise<readonly number[]> {
    const rows = await deployment.query<{ turn: number }>('SELECT turn FROM health_snapshots WHERE game_id = $1 ORDER BY id', [gameId])
    return rows.map(({ turn }) => turn)
  }
})
