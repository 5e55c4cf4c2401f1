import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createDeployment, type Deployment, idleImage } from '../support/deployment.ts'
import { type DockerHistory, recordHistory } from '../support/docker-history.ts'
import { type EpochHistory, recordEpochs } from '../support/epochs.ts'
import { until } from '../support/until.ts'
import { type ManyGames, manyGames } from './many-games.ts'

const LEASE_MS = 2_000

describe('two controllers on one database', () => {
  let deployment: Deployment
  let history: DockerHistory
  let games: ManyGames
  let epochs: EpochHistory
  let controllers: readonly ChildProcess[]

  beforeEach(async () => {
    deployment = await createDeployment({ 'timings.lease': `${LEASE_MS}ms`, 'timings.leaseRenew': '200ms' })
    epochs = await recordEpochs(deployment)
    history = await recordHistory(deployment.docker, deployment.config.instance)
    games = manyGames(10, deployment, history)
    controllers = [deployment.spawn(), deployment.spawn()]
    await until(
      () => holder(),
      (process) => process !== null,
      'one of them leads',
    )
  })
  afterEach(async () => {
    await history.stop()
    await deployment.dispose()
  })

  it('row 42: act as one: every game is started once, by one of them', async () => {
    await games.start()
    await games.allRun('1.0.0')
    await everythingOnce()
    expect(await epochs.epochs()).toEqual([1])
  })

  it('row 41: the frozen one is followed within its lease, and does nothing more when it thaws', async () => {
    await games.start()
    await games.untilTold('start', 3)
    const frozen = await leader()
    frozen.kill('SIGSTOP')
    const frozenAtMs = performance.now()
    await until(
      () => holder(),
      (process) => process !== null && process !== frozen,
      'the other one leads',
    )
    // The lease's rest, then the standby's next question.
    expect(performance.now() - frozenAtMs).toBeLessThan(LEASE_MS + 1_000)
    await games.allRun('1.0.0')
    await games.patch('1.0.1')
    await until(
      () => images(),
      (all) => all.includes(idleImage('1.0.1')),
      'the other one patches',
    )
    frozen.kill('SIGCONT')
    await games.allRun('1.0.1')
    await everythingOnce()
    expect(await epochs.epochs()).toEqual([1, 2])
    expect(frozen.exitCode).toBeNull()
  })

  it('row 42: take turns again and again in the middle of patches, and still do each of them once', async () => {
    await games.start()
    await games.allRun('1.0.0')
    const statement = "UPDATE controller_leases SET expires_at = '-infinity'"
    await games.patch('1.0.1')
    for (let flap = 0; flap < 12; flap += 1) {
      const before = await epoch()
      await deployment.query(statement)
      await until(
        () => epoch(),
        (now) => now > before,
        'another term begins',
      )
      await new Promise((resolve) => setTimeout(resolve, 60 * (flap % 4)))
    }
    await games.allRun('1.0.1')
    await everythingOnce()
  })

  it('hand over at once on SIGTERM, and the games run on', async () => {
    await games.start()
    await games.allRun('1.0.0')
    const first = await leader()
    const stoppedAtMs = performance.now()
    first.kill('SIGTERM')
    await until(
      () => holder(),
      (process) => process !== null && process !== first,
      'the other one leads',
    )
    expect(performance.now() - stoppedAtMs).toBeLessThan(1_000)
    if (first.exitCode === null) await once(first, 'exit')
    expect(first.exitCode).toBe(0)
    expect(history.count('die')).toBe(0)
    await games.patch('1.0.1')
    await games.allRun('1.0.1')
    await everythingOnce()
  })

  /** And no write of a term that was over. */
  async function everythingOnce(): Promise<void> {
    await games.everythingOnce()
    expect(await epochs.staleWrites()).toEqual([])
  }

  async function images(): Promise<readonly string[]> {
    return (await deployment.containers()).map((container) => container.Image)
  }

  async function epoch(): Promise<number> {
    const [row] = await deployment.query<{ epoch: number }>('SELECT epoch::int FROM controller_leases')
    return row?.epoch ?? 0
  }

  async function leader(): Promise<ChildProcess> {
    const found = await holder()
    if (found === null) throw new Error('nobody leads')
    return found
  }

  async function holder(): Promise<ChildProcess | null> {
    const [row] = await deployment.query<{ holder: string }>('SELECT holder FROM controller_leases WHERE expires_at > clock_timestamp()')
    return controllers.find(({ pid }) => row?.holder.endsWith(`/${pid}`)) ?? null
  }
})
