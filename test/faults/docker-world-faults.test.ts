import { afterAll, afterEach, beforeAll, describe, expect, inject, it, onTestFinished } from 'vitest'
import path from 'node:path'
import { createDeployment } from '../support/deployment.ts'
import { refusal } from '../support/fault-proxy/docker-fault.ts'
import { startDockerFaultProxy } from '../support/fault-proxy/docker-proxy.ts'
import { createRig, type Rig } from '../support/fault-proxy/rig.ts'
import { untilCondition } from '../support/condition.ts'
import { until } from '../support/until.ts'

const NO_CONTAINER = 'd'.repeat(64)

/** Rows of the fault table about names, images, networks and room, with Docker's own words by a proxy in front of the real daemon; each ends in rest. */
describe('what Docker refuses', () => {
  let rig: Rig
  let bystander: string

  beforeAll(async () => {
    rig = await createRig()
    await rig.deployment.query(
      "INSERT INTO engine_versions (version, image_ref, protocol) VALUES ('1.0.9', 'galaxy-test-absent:2', 'none')",
    )
    await rig.running('bystander')
    bystander = await rig.containerId('bystander')
  })
  afterEach(async () => {
    rig.docker.liftAll()
    await rig.comesToRest()
    expect(await rig.containerId('bystander')).toBe(bystander)
    expect(rig.docker.record.effects('bystander')).toEqual(['container_create', 'container_start'])
  })
  afterAll(() => rig.dispose())

  it('row 6: a name that a container holds which does not exist: that one is removed by id, and the name taken', async () => {
    const name = rig.deployment.containerName('row-6')
    const taken = refusal(409, `Conflict. The container name "/${name}" is already in use by container "${NO_CONTAINER}".`)
    rig.docker.inject({ on: 'container_create', gameId: 'row-6', fault: taken })
    await rig.ask('row-6')
    await rig.runs('row-6')
    const removed = rig.docker.record.calls.filter(({ kind, target }) => kind === 'container_remove' && target === NO_CONTAINER)
    expect(removed.map(({ answer }) => answer?.status)).toEqual([404])
    expect((await rig.containers('row-6')).map((container) => container.name)).toEqual([name])
    expect(await rig.operations('row-6')).toEqual(['start succeeded'])
  })

  it('row 11: a container that was created and whose start failed is started, not made again; the error is kept', async () => {
    rig.docker.inject({ on: 'container_start', gameId: 'row-11', fault: refusal(500, 'driver failed programming external connectivity') })
    await rig.ask('row-11')
    expect((await condition('row-11', 'StartBackOff')).message).toContain('driver failed programming')
    const id = await rig.containerId('row-11')
    await rig.runs('row-11')
    expect(await rig.containerId('row-11')).toBe(id)
    const [failed] = await rig.deployment.query("SELECT error_message FROM operation_log WHERE game_id = 'row-11' AND status = 'failed'")
    expect(failed).toMatchObject({ error_message: expect.stringContaining('driver failed programming') })
  })

  it('row 11: a container that was created, never started, and is not what is asked for any more is made again', async () => {
    rig.docker.inject({ on: 'container_start', gameId: 'row-11-other', fault: refusal(500, 'no such device') })
    await rig.ask('row-11-other')
    await condition('row-11-other', 'StartBackOff')
    const id = await rig.containerId('row-11-other')
    await rig.patch('row-11-other', '1.0.1')
    await rig.runs('row-11-other', '1.0.1')
    expect(await rig.containerId('row-11-other')).not.toBe(id)
  })

  it.each([
    ['401', refusal(500, 'Get "https://registry.test/v2/": unauthorized: authentication required')],
    ['429', refusal(500, 'toomanyrequests: You have reached your pull rate limit')],
    ['down', refusal(500, 'Get "https://registry.test/v2/": dial tcp: connect: connection refused')],
    ['absent', refusal(404, 'pull access denied for galaxy-test-absent, repository does not exist')],
  ])(
    'row 28: a registry that answers %s: ImagePullBackOff; a game that runs goes on, also where it was to be patched',
    async (what, answer) => {
      const [gameId, patched] = [`row-28-${what}`, `row-28-${what}-patched`]
      await rig.running(patched)
      const id = await rig.containerId(patched)
      rig.docker.inject({ on: 'image_pull', times: 1_000, fault: answer })
      await rig.patch(patched, '1.0.9')
      await rig.ask(gameId, '1.0.9')
      await condition(gameId, 'ImagePullBackOff')
      await condition(patched, 'ImagePullBackOff')
      expect(await rig.containers(gameId)).toEqual([])
      expect(await rig.containers(patched)).toMatchObject([{ id, state: 'running' }])
      expect(await rig.operations(gameId)).toEqual(expect.arrayContaining(['start failed']))
      await rig.patch(gameId, '1.0.0')
      await rig.patch(patched, '1.0.0')
      await rig.runs(gameId)
      await rig.runs(patched)
    },
  )

  it('row 30: an endpoint of the container’s name that is left on its network: disconnected by force, and started once more', async () => {
    const network = rig.deployment.config.docker.network
    const left = refusal(403, `endpoint with name ${rig.deployment.containerName('row-30')} already exists in network ${network}`)
    rig.docker.inject({ on: 'container_start', gameId: 'row-30', fault: left })
    await rig.running('row-30')
    const calls = rig.docker.record.calls.filter(({ gameId, kind }) => gameId === 'row-30' && kind === 'container_start')
    expect(calls).toHaveLength(2)
    expect(rig.docker.record.calls.filter(({ kind }) => kind === 'network_disconnect')).toHaveLength(1)
    expect(await rig.operations('row-30')).toEqual(['start succeeded'])
  })

  it('row 30: an endpoint that is left there for good: tried once more and no oftener, then after a delay', async () => {
    const network = rig.deployment.config.docker.network
    const left = refusal(403, `endpoint with name ${rig.deployment.containerName('row-30-stays')} already exists in network ${network}`)
    const { hit } = rig.docker.inject({ on: 'container_start', gameId: 'row-30-stays', times: 2, fault: left })
    await rig.ask('row-30-stays')
    await hit
    expect((await condition('row-30-stays', 'StartBackOff')).message).toContain('endpoint with name')
    await rig.runs('row-30-stays')
    expect(await rig.operations('row-30-stays')).toEqual(['start failed', 'start succeeded'])
  })

  it.each(['container_create', 'container_start'])(
    'row 32: no room on Docker’s disk for %s: told, nothing is deleted, and it goes on when there is room',
    async (on) => {
      const gameId = `row-32-${on.replace('container_', '')}`
      rig.docker.inject({ on, gameId, times: 1_000, fault: refusal(500, 'mkdir /var/lib/docker/overlay2/x: no space left on device') })
      await rig.ask(gameId)
      await until(
        async () => (await condition(gameId, 'Progressing')).message,
        (message) => message.includes('the disk of the Docker host is full'),
        'the condition says it',
      )
      expect(rig.docker.record.effects(gameId)).not.toContain('container_remove')
      rig.docker.liftAll()
      await rig.runs(gameId)
      expect(await rig.operations(gameId)).toEqual(['start succeeded'])
    },
  )

  const condition = (gameId: string, type: string) => untilCondition(rig.deployment, gameId, type)
})

describe('a daemon that does not speak our version', () => {
  it('row 26: is told with both sides’ versions, and nothing is done to it', async () => {
    const socketPath = path.join(inject('runFolder'), `old-${process.pid}.sock`)
    const proxy = await startDockerFaultProxy(socketPath, inject('dockerAddress'))
    onTestFinished(() => proxy.close())
    const deployment = await createDeployment({}, proxy.address)
    onTestFinished(() => deployment.dispose())
    const old = JSON.stringify({ Version: '18.09.1', ApiVersion: '1.39', MinAPIVersion: '1.12' })
    proxy.inject({ on: 'version', fault: { kind: 'answer', status: 200, body: old } })
    const callsBefore = proxy.record.calls.length
    await expect(deployment.start()).rejects.toThrow('Docker 18.09.1 speaks API 1.12 to 1.39, needed is 1.41 to')
    expect(proxy.record.calls.slice(callsBefore).map(({ kind }) => kind)).toEqual(['version'])
  })
})
