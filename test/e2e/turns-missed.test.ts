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
    await passSeconds(3)
    controller = await deployment.start()
    await until(() => ledger('missed'), isMadeUpFor, 'a turn makes up for them')
    const rows = await ledger('missed')
    const numbers = rows.flatMap(({ turn }) => turn ?? [])
    expect(numbers).toEqual(numbers.map((_, index) => index + 1))
    const seconds = rows.map(({ at }) => at)
    expect(seconds).toEqual(seconds.map((_, index) => (seconds[0] ?? 0) + index))
  })

  it('are those of the former schedule until it was changed, and of the new one from then on', async () => {
    await games.want('changed', { engine: 'reference', schedule: '* * * * * *' })
    await until(
      () => games.turns('changed'),
      (turns) => turns.includes('1 succeeded'),
      'a turn is computed',
    )
    await controller.stop()
    await passSeconds(1)
    const [row] = await deployment.query<{ at: number }>(
      "UPDATE desired_games SET turn_schedule = '*/2 * * * * *' WHERE game_id = 'changed' RETURNING extract(epoch FROM updated_at)::float8 AS at",
    )
    await passSeconds(3)
    controller = await deployment.start()
    const upAt = Date.now() / 1_000
    const rows = await until(
      () => ledger('changed'),
      (found) => found.some(({ at, turn }) => turn !== null && at > upAt),
      'turns go on',
    )
    const changedAt = row?.at ?? 0
    const first = rows[0]?.at ?? 0
    const all = Array.from({ length: (rows.at(-1)?.at ?? 0) - first + 1 }, (_, index) => first + index)
    expect(rows.map(({ at }) => at)).toEqual(all.filter((at) => at <= changedAt || at % 2 === 0))
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
  async function ledger(gameId: string) {
    return deployment.query<{ at: number; turn: number | null; skip_reason: string | null }>(
      `SELECT extract(epoch FROM scheduled_at)::int AS at, turn, skip_reason FROM turns
        WHERE game_id = $1 ORDER BY scheduled_at`,
      [gameId],
    )
  }
})

async function passSeconds(seconds: number): Promise<void> {
  const sinceMs = Date.now()
  await until(Date.now, (nowMs) => nowMs > sinceMs + seconds * 1_000, 'some ticks are missed')
}

function isMadeUpFor(rows: readonly { readonly turn: number | null; readonly skip_reason: string | null }[]): boolean {
  const missed = rows.findIndex(({ skip_reason }) => skip_reason === 'missed_while_down')
  return missed >= 0 && rows.slice(missed).some(({ turn }) => turn !== null)
}
