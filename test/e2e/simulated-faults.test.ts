import { access, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest'
import { createSimulatedRig, type SimulatedRig } from '../support/simulated-rig.ts'
import { until } from '../support/until.ts'

/** Rows of the fault table into which a real daemon cannot be brought at will; all of them together end in rest. */
describe('a Docker daemon that is simulated', () => {
  let rig: SimulatedRig
  let bystander: string

  beforeAll(async () => {
    rig = await createSimulatedRig({}, { 'timings.dockerCall': '3s' })
    await rig.running('bystander')
    bystander = (await rig.container('bystander')).id
  })
  afterEach(async () => {
    await rig.liftAll()
    expect(await rig.container('bystander')).toMatchObject({ id: bystander, state: 'running' })
    expect(await rig.changes('bystander')).toEqual(['create', 'attach', 'start'])
  })
  afterAll(async () => {
    try {
      await rig.comesToRest()
    } finally {
      await rig.dispose()
    }
  })

  it('row 6: keeps a name for a container that does not exist: the condition says so, no second name is made up, and it runs once the name is free', async () => {
    await rig.rule({ call: 'container_create', game: 'ghost' }, { kind: 'name_ghost' })
    await rig.ask('ghost')
    const { message } = await rig.condition('ghost', 'StartBackOff')
    expect(message).toMatch(/keeps the name for container \w+, which it doesn't know; restarting Docker frees it/)
    expect(await rig.containers('ghost')).toEqual([])
    await rig.simulator.control('POST', 'restart', { downMs: 0, isGraceful: true, isLiveRestore: true })
    await rig.runs('ghost')
    expect((await rig.container('ghost')).name).toBe(rig.deployment.containerName('ghost'))
    expect(new Set(await rig.operations('ghost'))).toEqual(new Set(['start failed', 'start succeeded']))
  })

  it('row 10: leaves a container dead: it is removed by force, and nothing else is done to it', async () => {
    await rig.running('dead')
    const { id } = await rig.container('dead')
    await rig.rule({ call: 'container_remove', game: 'dead' }, { kind: 'leave_dead' })
    await rig.deployment.query("UPDATE desired_games SET engine_version = '1.0.1' WHERE game_id = 'dead'")
    await rig.runs('dead', '1.0.1')
    const since = (await callsOn(id)).slice((await callsOn(id)).findIndex(({ kind }) => kind === 'container_remove') + 1)
    expect(since.filter(({ kind }) => kind !== 'container_inspect').map(({ kind, status }) => [kind, status])).toEqual([
      ['container_remove', 204],
    ])
    expect((await rig.container('dead')).name).toBe(rig.deployment.containerName('dead'))
  })

  it.skipIf(!inject('useEvents'))('row 15: ends a container for lack of memory and tells so by its event alone: told as such', async () => {
    await rig.running('greedy')
    const { id } = await rig.container('greedy')
    await rig.simulator.control('POST', `end/${id}`, { exitCode: 137, isOom: true, isOomFlagged: false })
    await until(
      () => healthEvents('greedy'),
      (types) => types.includes('container_oom'),
      'the lack of memory is told',
    )
    await rig.runs('greedy')
    expect(await rig.operations('greedy')).toEqual(['start succeeded', 'restart/crash_restart succeeded'])
    const [restart] = await rig.deployment.query("SELECT cause FROM operation_log WHERE game_id = 'greedy' AND op = 'restart'")
    expect(restart).toMatchObject({ cause: expect.stringContaining('ran out of memory') })
  })

  it('row 14: ends a container with 137 and no more: told as killed', async () => {
    await rig.running('killed')
    await rig.simulator.control('POST', `end/${(await rig.container('killed')).id}`, { exitCode: 137 })
    await until(
      () => rig.operations('killed'),
      (operations) => operations.includes('restart/crash_restart succeeded'),
      'it is started again',
    )
    expect(await healthEvents('killed')).not.toContain('container_oom')
    const [restart] = await rig.deployment.query("SELECT cause FROM operation_log WHERE game_id = 'killed' AND op = 'restart'")
    expect(restart).toMatchObject({ cause: expect.stringContaining('was killed') })
  })

  it('row 30: has an endpoint of that name already: disconnected by force, started once more', async () => {
    await rig.rule({ call: 'container_start', game: 'endpoint' }, { kind: 'endpoint_ghost' })
    await rig.running('endpoint')
    const { id } = await rig.container('endpoint')
    const all = await allCalls()
    expect(all.filter(({ kind, target }) => kind === 'container_start' && target === id).map(({ status }) => status)).toEqual([403, 204])
    expect(all.filter(({ kind }) => kind === 'network_disconnect').map(({ status }) => status)).toEqual([200])
    expect(await rig.operations('endpoint')).toEqual(['start succeeded'])
  })

  it.each([
    ['limited', { failsWith: 'toomanyrequests: You have reached your pull rate limit' }, /toomanyrequests/],
    ['closed', { needsLogin: true }, /docker login/],
    ['cut', { isCutShort: true }, /ended before the pull did/],
  ])('rows 27 and 28: pulls from a registry that is %s: ImagePullBackOff, and it runs once that is mended', async (tag, fault, words) => {
    const reference = `galaxy-test-pulled:${tag}`
    await rig.simulator.control('POST', 'registry', { reference, ...fault })
    await rig.deployment.query('INSERT INTO desired_games (game_id, image_ref) VALUES ($1, $2)', [tag, reference])
    expect((await rig.condition(tag, 'ImagePullBackOff')).message).toMatch(words)
    expect(await rig.deployment.query('SELECT error_code FROM operation_log WHERE game_id = $1 LIMIT 1', [tag])).toEqual([
      { error_code: 'image_pull_failed' },
    ])
    expect(await rig.containers(tag)).toEqual([])
    await rig.simulator.control('POST', 'registry', { reference })
    await rig.deployment.untilStatus(tag, 'running')
  })

  it('row 28: cannot reach the registry: ImagePullBackOff, and a running game of that image’s next version runs on', async () => {
    await rig.running('unreached')
    const before = await rig.container('unreached')
    const down = { kind: 'refuse', status: 500, message: 'Get "https://registry.test/v2/": dial tcp: connect: connection refused' }
    await rig.rule({ call: 'image_pull' }, down, { times: null })
    await rig.deployment.query(
      "INSERT INTO engine_versions (version, image_ref, protocol) VALUES ('1.0.9', 'galaxy-test-pulled:next', 'none')",
    )
    await rig.deployment.query("UPDATE desired_games SET engine_version = '1.0.9' WHERE game_id = 'unreached'")
    expect((await rig.condition('unreached', 'ImagePullBackOff')).message).toContain('connection refused')
    expect(await rig.container('unreached')).toEqual(before)
    await rig.deployment.query("UPDATE desired_games SET engine_version = '1.0.0' WHERE game_id = 'unreached'")
    await rig.runs('unreached')
    expect(await rig.container('unreached')).toEqual(before)
  })

  it.each(['container_create', 'container_start'])(
    'row 32: has no room on its disk for %s: told, nothing is deleted, and it goes on when there is room',
    async (call) => {
      const gameId = `full-${call.replace('container_', '')}`
      await rig.rule({ call, game: gameId }, { kind: 'disk_full' }, { times: null })
      await rig.ask(gameId)
      await until(
        async () => (await rig.condition(gameId, 'Ready')).message,
        (message) => message.includes('the disk of the Docker host is full'),
        'the condition says it',
      )
      expect(await rig.changes(gameId)).not.toContain('destroy')
      await rig.liftAll()
      await rig.runs(gameId)
      expect(await rig.operations(gameId)).toEqual(['start succeeded'])
      expect((await rig.changes(gameId)).filter((action) => action === 'create')).toHaveLength(1)
    },
  )

  it('row 32: has no room on its disk for a patch: the old version runs on, with its state', async () => {
    await rig.running('full-patch')
    const before = await rig.container('full-patch')
    const turn = path.join(rig.deployment.config.state.root, 'full-patch', 'turn')
    await writeFile(turn, '7')
    await rig.rule({ call: 'container_create', game: 'full-patch' }, { kind: 'disk_full' }, { times: null })
    await rig.deployment.query("UPDATE desired_games SET engine_version = '1.0.1' WHERE game_id = 'full-patch'")
    await until(
      async () => (await rig.condition('full-patch', 'Progressing')).message,
      (message) => message.includes('the disk of the Docker host is full'),
      'the condition says it',
    )
    expect(await rig.container('full-patch')).toEqual(before)
    await rig.liftAll()
    await rig.runs('full-patch', '1.0.1')
    await access(turn)
  })

  interface Call {
    readonly kind: string
    readonly target: string
    readonly status: number | null
  }

  async function allCalls(): Promise<readonly Call[]> {
    return (await rig.simulator.control('GET', 'calls')) as readonly Call[] // the simulator's own answer (docs/simulator.md)
  }

  async function callsOn(id: string): Promise<readonly Call[]> {
    return (await allCalls()).filter(({ target }) => target === id)
  }

  async function healthEvents(gameId: string): Promise<readonly string[]> {
    const rows = await rig.deployment.query<{ type: string }>('SELECT type FROM health_events WHERE game_id = $1 ORDER BY id', [gameId])
    return rows.map(({ type }) => type)
  }
})
