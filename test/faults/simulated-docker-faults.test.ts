import Docker from 'dockerode'
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest'
import { LABEL } from '../../src/model/labels.ts'
import { createSimulatedRig, type SimulatedRig } from '../support/simulated-rig.ts'
import { until } from '../support/until.ts'

/** Rows of the fault table that the real daemon has tests of, too (test/faults/docker-*.test.ts), in the simulator; each ends in rest. */
describe('a simulated Docker daemon', () => {
  let rig: SimulatedRig
  /** A human's. */
  let hand: Docker

  beforeAll(async () => {
    rig = await createSimulatedRig({}, { 'timings.dockerCall': '3s' })
    hand = new Docker({ socketPath: rig.simulator.controlPath })
  })
  afterEach(async () => {
    await rig.liftAll()
    await rig.comesToRest()
  })
  afterAll(() => rig.dispose())

  it.each(['container_create', 'container_stop', 'container_remove', 'container_rename', 'container_start'])(
    'row 2: loses the answer to %s of a patch: it goes on from what the world shows',
    async (call) => {
      const gameId = `lost-${call.replace('container_', '')}`
      await rig.running(gameId)
      await rig.rule({ call, game: gameId }, { kind: 'drop_answer' })
      await patch(gameId)
      await rig.runs(gameId, '1.0.1')
      expect((await rig.changes(gameId)).filter((action) => action === 'create')).toHaveLength(2)
      expect(await rig.operations(gameId)).toEqual(['start succeeded', 'patch succeeded'])
    },
  )

  it('row 3: takes longer for a create than its deadline: there is one container, under its one name', async () => {
    await rig.rule({ call: 'container_create', game: 'slow-create' }, { kind: 'delay', ms: 4_000 })
    await rig.running('slow-create')
    expect((await rig.container('slow-create')).name).toBe(rig.deployment.containerName('slow-create'))
    await rig.liftAll()
  })

  it('row 12: pauses a container for a human: told, and left alone', async () => {
    await rig.running('paused')
    const { id } = await rig.container('paused')
    const before = await rig.changes('paused')
    await hand.getContainer(id).pause()
    await rig.condition('paused', 'Ready', 'ContainerPaused')
    expect(await rig.changes('paused')).toEqual(before)
    await hand.getContainer(id).unpause()
    await rig.runs('paused')
  })

  it('row 13: has a container that ends again and again: it is started ever more rarely, by us alone', async () => {
    await rig.simulator.control('POST', 'images', {
      reference: 'galaxy-test-crashing:1',
      behaviour: { ends: { kind: 'exits', afterMs: 50, exitCode: 1 } },
    })
    await rig.deployment.query("INSERT INTO desired_games (game_id, image_ref) VALUES ('crashing', 'galaxy-test-crashing:1')")
    await rig.condition('crashing', 'CrashLoopBackOff')
    const startsMs = await until(
      () => startTimes('crashing'),
      (times) => times.length >= 4,
      'it is started again and again',
    )
    const pausesMs = startsMs.slice(1).map((atMs, index) => atMs - (startsMs[index] ?? 0))
    // At once, then after 1 s and 2 s from its end, each 10 % more or less.
    expect(pausesMs[1]).toBeGreaterThan(900)
    expect(pausesMs[2]).toBeGreaterThan(1_800)
    await rig.deployment.query("UPDATE desired_games SET state = 'stopped', stop_reason = 'admin_request' WHERE game_id = 'crashing'")
    await rig.deployment.untilStatus('crashing', 'stopped')
  })

  it('row 16: runs a container that ignores SIGTERM: it is killed after the grace period', async () => {
    await rig.simulator.control('POST', 'images', { reference: 'galaxy-test-deaf:1', behaviour: { onTerm: { kind: 'ignores' } } })
    await rig.deployment.query("INSERT INTO desired_games (game_id, image_ref) VALUES ('deaf', 'galaxy-test-deaf:1')")
    await rig.deployment.untilStatus('deaf', 'running')
    const startedAtMs = performance.now()
    await rig.deployment.query("UPDATE desired_games SET state = 'stopped', stop_reason = 'cancelled' WHERE game_id = 'deaf'")
    await rig.deployment.untilStatus('deaf', 'stopped')
    expect(performance.now() - startedAtMs).toBeGreaterThanOrEqual(1_000)
    expect((await rig.container('deaf')).state).toBe('exited')
  })

  it.each([
    ['container_start', 'before'],
    ['container_start', 'after'],
    ['container_inspect', 'before'],
  ])('row 17: hangs in %s, %s its effect: it has a deadline, and others go on', async (call, at) => {
    const gameId = `hanging-${call.replace('container_', '')}-${at}`
    await rig.rule({ call, game: gameId }, { kind: 'hang', at })
    await rig.ask(gameId)
    await rig.running(`${gameId}-other`)
    await rig.runs(gameId)
    expect(await rig.operations(gameId)).toEqual(['start succeeded'])
  })

  it.skipIf(!inject('useEvents'))('row 18: ends its event streams: what happens meanwhile is seen', async () => {
    await rig.running('cut')
    const { id } = await rig.container('cut')
    await rig.simulator.control('POST', 'cut-streams')
    await rig.simulator.control('POST', `end/${id}`, { exitCode: 1 })
    await restarted('cut', 1)
  })

  it.each(['lose', 'double', 'late'] as const)(
    'rows 19, 20, 21 and 22: has its events go wrong (%s): what ended is started again, once',
    async (kind) => {
      const gameId = `events-${kind}`
      await rig.running(gameId)
      await rig.rule({ event: '*', game: gameId }, kind === 'late' ? { kind, ms: 700 } : { kind }, { times: null })
      await rig.simulator.control('POST', `end/${(await rig.container(gameId)).id}`, { exitCode: 1 })
      await restarted(gameId, 1)
      await rig.runs(gameId)
      await rig.comesToRest()
      await restarted(gameId, 1)
    },
  )

  it('row 23: gives lists of some time ago all through a patch: one container is left, and it is the new one', async () => {
    await rig.running('stale')
    const { id } = await rig.container('stale')
    await rig.rule({ call: 'container_list' }, { kind: 'stale', ms: 3_000 }, { times: null })
    await patch('stale')
    await rig.runs('stale', '1.0.1')
    await rig.liftAll()
    await rig.comesToRest()
    expect((await rig.container('stale')).id).not.toBe(id)
    expect((await rig.changes('stale')).filter((action) => action === 'create')).toHaveLength(2)
  })

  it('row 31: has a network that is taken from a running container: told; a restart brings it back', async () => {
    await rig.running('unplugged')
    const { id } = await rig.container('unplugged')
    const before = await rig.changes('unplugged')
    await hand.getNetwork(rig.deployment.config.docker.network).disconnect({ Container: id, Force: true })
    expect((await rig.condition('unplugged', 'EngineUnreachable')).message).toContain(rig.deployment.config.docker.network)
    expect(await rig.changes('unplugged')).toEqual(before)
    await rig.deployment.query("UPDATE desired_games SET restart_token = 'again' WHERE game_id = 'unplugged'")
    await rig.runs('unplugged')
  })

  it.each(['remove', 'stop', 'rename', 'restart'] as const)(
    'row 34: lets a human %s a container: the game runs in the end, in one container',
    async (what) => {
      const gameId = `by-hand-${what}`
      await rig.running(gameId)
      const container = hand.getContainer((await rig.container(gameId)).id)
      if (what === 'remove') await container.remove({ force: true })
      else if (what === 'stop') await container.stop({ t: 1 })
      else if (what === 'rename') await container.rename({ name: `${gameId}-by-hand` })
      else await container.restart({ t: 1 })
      await rig.comesToRest()
      await rig.runs(gameId)
      const now = await rig.container(gameId)
      expect(now.state).toBe('running')
      expect(now.id === container.id).toBe(what !== 'remove')
      expect(now.name).toBe(what === 'rename' ? `${gameId}-by-hand` : rig.deployment.containerName(gameId))
    },
  )

  async function patch(gameId: string): Promise<void> {
    await rig.deployment.query("UPDATE desired_games SET engine_version = '1.0.1' WHERE game_id = $1", [gameId])
  }

  async function startTimes(gameId: string): Promise<readonly number[]> {
    // The simulator's own answer (docs/simulator.md).
    const history = (await rig.simulator.control('GET', 'history')) as readonly {
      action: string
      atMs: number
      labels?: Record<string, string>
    }[]
    return history.filter(({ action, labels }) => action === 'start' && labels?.[LABEL.gameId] === gameId).map(({ atMs }) => atMs)
  }

  async function restarted(gameId: string, times: number): Promise<void> {
    await until(
      () => rig.operations(gameId),
      (operations) => operations.filter((each) => each === 'restart/crash_restart succeeded').length === times,
      `it is started again ${times} times`,
    )
  }
})
