import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createDeployment, type Deployment, type RunningController } from '../support/deployment.ts'
import { type PlayedGames, playedGames } from '../support/played-games.ts'
import { registerReferenceEngine } from '../support/reference-engine.ts'
import { until } from '../support/until.ts'

describe('turns that nobody was there for', () => {
  let deployment: Deployment
  let games: PlayedGames
  let controller: RunningController

  beforeAll(async () => {
    deployment = await createDeployment({ 'engines.turnCatchUp': 'one' })
    games = playedGames(deployment)
    await registerReferenceEngine(deployment)
    controller = await deployment.start()
  })
  afterAll(() => deployment.dispose())

  it('are made up for by one, where that is configured', async () => {
    await games.want('missed', { engine: 'reference', schedule: '* * * * * *' })
    await until(
      () => games.turns('missed'),
      (turns) => turns.includes('1 succeeded'),
      'a turn is computed',
    )
    await controller.stop()
    const downSinceMs = Date.now()
    await until(Date.now, (nowMs) => nowMs > downSinceMs + 3_000, 'some ticks are missed')
    controller = await deployment.start()
    await until(ledger, isMadeUpFor, 'a turn makes up for them')
    const rows = await ledger()
    const numbers = rows.flatMap(({ turn }) => turn ?? [])
    expect(numbers).toEqual(numbers.map((_, index) => index + 1))
    const seconds = rows.map(({ at }) => at)
    expect(seconds).toEqual(seconds.map((_, index) => (seconds[0] ?? 0) + index))
  })

  it('are none of a game that is deleted and asked for again, with the same token', async () => {
    for (const turn of [1, 2]) {
      await games.want('again', { engine: 'reference' })
      await deployment.untilStatus('again', 'running')
      await deployment.query("UPDATE desired_games SET turn_token = 'now' WHERE game_id = 'again'")
      await until(
        () => games.turns('again'),
        (turns) => turns.at(-1) === `${turn} succeeded`,
        `turn ${turn} is computed`,
      )
      await deployment.query("DELETE FROM desired_games WHERE game_id = 'again'")
      await until(
        () => deployment.query("SELECT FROM desired_games WHERE game_id = 'again'"),
        (rows) => rows.length === 0,
        'its row is gone',
      )
    }
  })

  /** Ticks in their order, in seconds. */
  async function ledger() {
    return deployment.query<{ at: number; turn: number | null; skip_reason: string | null }>(
      `SELECT extract(epoch FROM scheduled_at)::int AS at, turn, skip_reason FROM turns
        WHERE game_id = 'missed' ORDER BY scheduled_at`,
    )
  }
})

function isMadeUpFor(rows: readonly { readonly turn: number | null; readonly skip_reason: string | null }[]): boolean {
  const missed = rows.findIndex(({ skip_reason }) => skip_reason === 'missed_while_down')
  return missed >= 0 && rows.slice(missed).some(({ turn }) => turn !== null)
}
