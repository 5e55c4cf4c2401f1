import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { LABEL } from '../../src/model/labels.ts'
import { createDeployment, type Deployment, idleImage } from '../support/deployment.ts'
import { type DockerHistory, recordHistory } from '../support/docker-history.ts'
import { type EpochHistory, recordEpochs } from '../support/epochs.ts'
import { until } from '../support/until.ts'

const GAMES = Array.from({ length: 10 }, (_, index) => `game-${index}`)
const LEASE_MS = 2_000

describe('two controllers on one database', () => {
  let deployment: Deployment
  let history: DockerHistory
  let epochs: EpochHistory
  let controllers: readonly ChildProcess[]

  beforeEach(async () => {
    deployment = await createDeployment({ 'timings.lease': `${LEASE_MS}ms`, 'timings.leaseRenew': '200ms' })
    epochs = await recordEpochs(deployment)
    history = await recordHistory(deployment.docker, deployment.config.instance)
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

  it('act as one: every game is started once, by one of them', async () => {
    await insert()
    await allRun('1.0.0')
    await everythingOnce()
    expect(await epochs.epochs()).toEqual([1])
  })

  it('the frozen one is followed within its lease, and does nothing more when it thaws', async () => {
    await insert()
    await until(
      () => history.count('start'),
      (started) => started >= 3,
      'it is in the middle of its work',
    )
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
    await allRun('1.0.0')
    await deployment.query('UPDATE desired_games SET image_ref = $1', [idleImage('1.0.1')])
    await until(
      () => images(),
      (all) => all.includes(idleImage('1.0.1')),
      'the other one patches',
    )
    frozen.kill('SIGCONT')
    await allRun('1.0.1')
    await everythingOnce()
    expect(await epochs.epochs()).toEqual([1, 2])
    expect(frozen.exitCode).toBeNull()
  })

  it('take turns again and again in the middle of patches, and still do each of them once', async () => {
    await insert()
    await allRun('1.0.0')
    const statement = "UPDATE controller_leases SET expires_at = '-infinity'"
    await deployment.query('UPDATE desired_games SET image_ref = $1', [idleImage('1.0.1')])
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
    await allRun('1.0.1')
    await everythingOnce()
  })

  it('hand over at once on SIGTERM, and the games run on', async () => {
    await insert()
    await allRun('1.0.0')
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
    await deployment.query('UPDATE desired_games SET image_ref = $1', [idleImage('1.0.1')])
    await allRun('1.0.1')
    await everythingOnce()
  })

  async function insert(): Promise<void> {
    await deployment.query('INSERT INTO desired_games (game_id, image_ref) SELECT unnest($1::text[]), $2', [GAMES, idleImage('1.0.0')])
  }

  async function allRun(version: string): Promise<void> {
    const ready = () => deployment.query("SELECT FROM games WHERE ready = 'True' AND current_image_ref = $1", [idleImage(version)])
    await until(ready, (rows) => rows.length === GAMES.length, `all games run ${version}`, 60_000)
    await until(
      () => deployment.query("SELECT FROM operation_log WHERE status = 'running'"),
      (open) => open.length === 0,
      'no operation is open',
    )
  }

  /** At every moment one container at most, in the end one of each game, and one operation for each change. */
  async function everythingOnce(): Promise<void> {
    expect(history.mostAtOnce()).toBe(1)
    expect((await deployment.containers()).map((container) => container.Labels[LABEL.gameId] ?? '').sort()).toEqual([...GAMES].sort())
    expect(
      await deployment.query(
        "SELECT game_id, op, count(*)::int FROM operation_log WHERE status = 'succeeded' GROUP BY game_id, op, op_detail HAVING count(*) > 1",
      ),
    ).toEqual([])
    expect(
      await deployment.query(
        "SELECT game_id, op, op_detail, error_message FROM operation_log WHERE op NOT IN ('start', 'patch') OR status = 'failed'",
      ),
    ).toEqual([])
    expect(await deployment.query('SELECT FROM operation_actions WHERE outcome IS NULL')).toEqual([])
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
