import type { ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createDeployment, type Deployment } from '../support/deployment.ts'
import { type EpochHistory, recordEpochs } from '../support/epochs.ts'
import { type PlayedGames, playedGames } from '../support/played-games.ts'
import { registerReferenceEngine } from '../support/reference-engine.ts'

const SETTABLE_CLOCK = fileURLToPath(new URL('../support/settable-clock.ts', import.meta.url))

/** A controller's process whose own wall clock is set; the database's and Docker's are not. Daylight saving is arithmetic, and tested as such. */
describe('row 43: the wall clock of a controller', () => {
  let deployment: Deployment
  let games: PlayedGames
  let epochs: EpochHistory
  let controller: ChildProcess
  let served = 0

  beforeAll(async () => {
    deployment = await createDeployment()
    games = playedGames(deployment)
    epochs = await recordEpochs(deployment)
    await registerReferenceEngine(deployment)
    controller = deployment.spawn({ preload: SETTABLE_CLOCK })
    await games.want('hourly', { engine: 'reference', schedule: `0 ${(new Date().getUTCMinutes() + 30) % 60} * * * *` })
    await deployment.untilStatus('hourly', 'running')
  })
  afterAll(() => deployment.dispose())

  it('row 43: set an hour forward: the one tick that was passed is one turn, and the lease is kept', async () => {
    set('forward')
    await games.untilTurns('hourly', ['1 succeeded'])
    await servesAnother()
    await holdsItsLease()
  })

  it('row 43: set back, also behind where it was: games start, no tick comes twice, and the lease is kept', async () => {
    for (let hour = 0; hour < 2; hour += 1) {
      set('back')
      await servesAnother()
      await holdsItsLease()
    }
    for (let hour = 0; hour < 2; hour += 1) {
      set('forward')
      await servesAnother()
    }
    expect(await games.turns('hourly')).toEqual(['1 succeeded'])
    set('forward')
    await games.untilTurns('hourly', ['1 succeeded', '2 succeeded'])
    await holdsItsLease()
  })

  it('row 43: an hour ahead does not let a standby take the lease, nor hours behind keep it from following', async () => {
    const ahead = deployment.spawn({ preload: SETTABLE_CLOCK })
    await contending(2)
    ahead.kill('SIGUSR2')
    await servesAnother()
    await holdsItsLease()
    for (let hour = 0; hour < 3; hour += 1) ahead.kill('SIGHUP')
    controller.kill('SIGKILL')
    await servesAnother()
    expect(await epochs.epochs()).toEqual([1, 2])
    expect(await games.turns('hourly')).toEqual(['1 succeeded', '2 succeeded'])
  })

  function set(direction: 'forward' | 'back'): void {
    controller.kill(direction === 'forward' ? 'SIGUSR2' : 'SIGHUP')
  }

  /** A game from row to running, and a turn of it: what comes after is by the new time. */
  async function servesAnother(): Promise<void> {
    const gameId = `served-${++served}`
    await games.want(gameId, { engine: 'reference' })
    await deployment.untilStatus(gameId, 'running', 15_000)
    await deployment.query("UPDATE desired_games SET turn_token = 'one' WHERE game_id = $1", [gameId])
    await games.untilTurns(gameId, ['1 succeeded'])
    expect(await games.log(gameId)).toEqual(['start succeeded', 'force_next_turn succeeded'])
    expect(await deployment.query('SELECT ready FROM games WHERE game_id = $1', [gameId])).toEqual([{ ready: 'True' }])
  }

  /** By the database's time, which nobody set. */
  async function holdsItsLease(): Promise<void> {
    const [lease] = await deployment.query<{ epoch: number; leftMs: number }>(
      `SELECT epoch::int, extract(epoch FROM expires_at - clock_timestamp())::float8 * 1000 AS "leftMs" FROM controller_leases`,
    )
    expect(lease?.epoch).toBe(1)
    expect(lease?.leftMs).toBeGreaterThan(0)
    expect(lease?.leftMs).toBeLessThanOrEqual(deployment.config.timings.leaseMs)
    expect(await epochs.staleWrites()).toEqual([])
  }

  async function contending(count: number): Promise<void> {
    await expect
      .poll(
        async () =>
          (await deployment.query("SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'drive-process'"))
            .length,
        { timeout: 15_000 },
      )
      .toBeGreaterThanOrEqual(count)
  }
})
