import { readdir } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, inject, it, onTestFinished } from 'vitest'
import { createDeployment, type Deployment } from '../support/deployment.ts'
import { createSimulatedRig, type SimulatedRig } from '../support/simulated-rig.ts'
import { startSimulatorProcess } from '../support/simulator-process.ts'
import { until } from '../support/until.ts'

const GAMES = Array.from({ length: 20 }, (_, index) => `game-${String(index).padStart(2, '0')}`)
const WORKERS = 4

describe('a simulated Docker daemon that goes away', () => {
  let rig: SimulatedRig

  beforeAll(async () => {
    rig = await createSimulatedRig({}, { workers: String(WORKERS), 'timings.staleAfter': '2s' })
    await rig.running(...GAMES)
  })
  afterAll(() => rig.dispose())

  it.each([
    ['in order', true],
    ['at once', false],
  ])(
    'row 24: %s, and comes back: so do all games in the same containers, so many starts at a time, and none counts as crashing',
    async (_, isGraceful) => {
      const before = await ids()
      const since = (await calls()).length
      await rig.simulator.control('POST', 'restart', { downMs: 1_000, isGraceful })
      await until(
        () => restarts(),
        (count) => count === GAMES.length * (isGraceful ? 1 : 2),
        'all have been started again',
      )
      await rig.comesToRest()
      expect(await ids()).toEqual(before)
      const starts = (await calls()).slice(since).filter(({ kind }) => kind === 'container_start')
      expect(mostAtOnce(starts)).toBeLessThanOrEqual(WORKERS)
      expect(await rig.deployment.query("SELECT game_id FROM game_status WHERE backoff ->> 'kind' = 'CrashLoopBackOff'")).toEqual([])
    },
  )

  it('row 25: for longer than a status keeps: Unknown, nothing is deleted, and what was asked for meanwhile is done when it is back', async () => {
    const before = await ids()
    const since = (await history()).length
    // What a longer time adds are only more looks, which come every 5 s (test/unit/observed/world.test.ts).
    await rig.simulator.control('POST', 'restart', { downMs: 5_000, isGraceful: false, isLiveRestore: true })
    await until(
      () => rig.deployment.query<{ ready: string }>('SELECT ready FROM games'),
      (games) => games.every(({ ready }) => ready === 'Unknown'),
      'all are Unknown',
    )
    const vouched = await lease()
    const operations = await rig.deployment.query('SELECT FROM operation_log')
    await rig.ask('asked-meanwhile')
    await rig.deployment.query("UPDATE desired_games SET state = 'stopped', stop_reason = 'admin_request' WHERE game_id = 'game-00'")
    await rig.deployment.query("UPDATE desired_games SET engine_version = '1.0.1' WHERE game_id = 'game-01'")
    expect(await rig.deployment.query('SELECT FROM operation_log')).toHaveLength(operations.length)
    // Renewed all the while, and nobody vouches for what was seen before (S8).
    const { observed } = await until(lease, (now) => now.renewed > vouched.renewed, 'the lease is renewed')
    expect(observed).toBe(vouched.observed)

    await rig.runs('asked-meanwhile')
    await rig.runs('game-01', '1.0.1')
    await rig.deployment.untilStatus('game-00', 'stopped')
    for (const gameId of GAMES.slice(2)) await rig.runs(gameId)
    await rig.comesToRest()
    const after = await ids()
    expect(GAMES.filter((gameId) => after.get(gameId) !== before.get(gameId))).toEqual(['game-01'])
    const destroyed = (await history()).slice(since).filter(({ action }) => action === 'destroy')
    expect(destroyed.map(({ id }) => id)).toEqual([before.get('game-01')])
    expect((await readdir(rig.deployment.config.state.root)).toSorted()).toEqual(['asked-meanwhile', ...GAMES])
  })

  async function ids(): Promise<ReadonlyMap<string, string>> {
    const containers = await rig.deployment.containers()
    return new Map(containers.map(({ Id, Labels }) => [Labels['com.galaxy.game_id'] ?? '', Id]))
  }

  async function lease(): Promise<{ readonly renewed: string; readonly observed: string }> {
    const [row] = await rig.deployment.query<{ renewed: string; observed: string }>(
      'SELECT renewed_at::text AS renewed, observed_at::text AS observed FROM controller_leases',
    )
    if (row === undefined) throw new Error('nobody holds the lease')
    return row
  }

  async function restarts(): Promise<number> {
    return (await rig.deployment.query("SELECT FROM operation_log WHERE op_detail = 'crash_restart' AND status = 'succeeded'")).length
  }

  async function calls(): Promise<readonly Call[]> {
    return (await rig.simulator.control('GET', 'calls')) as readonly Call[] // the simulator's own answer (docs/simulator.md)
  }

  async function history(): Promise<readonly { readonly id: string; readonly action: string }[]> {
    return (await rig.simulator.control('GET', 'history')) as readonly { id: string; action: string }[] // as above
  }
})

interface Call {
  readonly kind: string
  readonly atMs: number
  readonly endedAtMs: number
}

function mostAtOnce(calls: readonly Call[]): number {
  return Math.max(...calls.map(({ atMs }) => calls.filter((other) => other.atMs <= atMs && other.endedAtMs > atMs).length))
}

describe('a simulated Docker daemon of another release', () => {
  it('row 26: that is too old is told with what is needed, and nothing is done to it', async () => {
    const { deployment, ended } = await against({ version: '18.09.1', apiVersion: '1.39' })
    await expect(ended).rejects.toThrow('Docker 18.09.1 speaks API 1.12 to 1.39, needed is 1.41 to')
    expect(await deployment.query('SELECT FROM controller_leases WHERE holder IS NOT NULL')).toEqual([])
  })

  it('row 26: that knows newer and older ones is spoken to in one that both know', async () => {
    const { deployment, ended } = await against({ version: '29.0.0', apiVersion: '1.52', oldestApiVersion: '1.44' })
    await ended
    await deployment.query("INSERT INTO desired_games (game_id, engine_version) VALUES ('newer', '1.0.0')")
    await deployment.untilStatus('newer', 'running')
  })

  async function against(settings: object): Promise<{ readonly deployment: Deployment; readonly ended: Promise<unknown> }> {
    const simulator = await startSimulatorProcess(inject('runFolder'), { settings }, '--real-time')
    onTestFinished(() => simulator.stop())
    const deployment = await createDeployment({}, { kind: 'socket', socketPath: simulator.socketPath })
    onTestFinished(() => deployment.dispose())
    return { deployment, ended: deployment.start() }
  }
})
