import { mkdtemp, readdir } from 'node:fs/promises'
import { createConnection } from 'node:net'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, it, onTestFinished } from 'vitest'
import { contractImages, type SimulatorProcess, startSimulatorProcess } from '../support/simulator-process.ts'
import { ask } from './api-calls.ts'
import { type DockerWorld, never, openWorld, SHELL_IMAGE } from './support.ts'

const PULLED = { reference: 'registry.test/engine:1.0.0', config: { Labels: { pulled: 'yes' } } }

describe('the simulator as a process, seen by the adapter', () => {
  let simulator: SimulatorProcess
  let world: DockerWorld
  beforeAll(async () => {
    simulator = await startSimulatorProcess(
      inject('runFolder'),
      {
        images: contractImages(SHELL_IMAGE),
        registry: [
          PULLED,
          { ...PULLED, reference: 'registry.test/engine:limited', failsWith: 'toomanyrequests: slow down' },
          { ...PULLED, reference: 'registry.test/engine:cut', isCutShort: true },
          { ...PULLED, reference: 'registry.test/engine:closed', needsLogin: true },
        ],
      },
      '--real-time',
    )
    const offerImages = () => Promise.resolve()
    world = await openWorld({
      address: { kind: 'socket', socketPath: simulator.socketPath },
      instance: 'simulated',
      folder: inject('runFolder'),
      offerImages,
    })
  })
  afterAll(async () => {
    await world.close()
    await simulator.stop()
  })

  it('is pulled from, with the progress of a registry', async () => {
    const ref = 'registry.test/engine:1.0.0'
    const texts: string[] = []
    expect(await world.runtime.pull(ref, (text) => texts.push(text), never)).toMatchObject({
      labels: { pulled: 'yes' },
      refs: expect.arrayContaining([ref]),
    })
    expect(texts.at(-1)).toBe(`pulling ${ref}: 100 %`)
  })

  it.each([
    ['limited', /toomanyrequests/],
    ['cut', /ended before the pull did/],
    ['closed', /docker login/],
    ['absent', /not found/],
  ])('rows 27 and 28: fails a pull of what is %s', async (tag, message) => {
    const pulling = world.runtime.pull(`registry.test/engine:${tag}`, () => undefined, never)
    await expect(pulling).rejects.toMatchObject({ kind: 'transient', code: 'image_pull_failed', message: expect.stringMatching(message) })
  })

  it('tells a lost answer, and the world has the effect', async () => {
    await simulator.control('POST', 'rules', { match: { call: 'container_create', game: 'lost' }, do: { kind: 'drop_answer' } })
    await expect(world.create(world.spec('lost'))).rejects.toMatchObject({ kind: 'transient', code: 'service_unavailable' })
    const { ours } = await world.observer.listContainers(never)
    const lost = ours.find(({ gameId }) => gameId === 'lost')
    expect(lost).toMatchObject({ state: 'created' })
    await world.runtime.remove(lost?.id ?? '', false, never)
  })

  it('row 30: heals a ghost of an endpoint by a forced disconnect', async () => {
    await simulator.control('POST', 'rules', { match: { call: 'container_start', game: 'ghost' }, do: { kind: 'endpoint_ghost' } })
    const id = await world.run(world.spec('ghost'))
    expect(await world.runtime.inspect(id, never)).toMatchObject({ state: 'running' })
    await world.runtime.remove(id, true, never)
  })

  it('goes away and comes back, with its containers as a daemon finds them', async () => {
    const id = await world.run(world.spec('survivor'))
    const ends: unknown[] = []
    await world.observer.openEvents({ onEvent: () => undefined, onEnd: (error) => ends.push(error), signal: never })
    await simulator.control('POST', 'restart', { downMs: 300 })
    await expect.poll(() => ends.length).toBe(1)
    await expect(world.observer.ping(never)).rejects.toMatchObject({ kind: 'transient' })
    await expect
      .poll(() => world.runtime.inspect(id, never).catch(() => null))
      .toMatchObject({ state: 'exited', detail: { exitCode: 143 } })
    await world.runtime.remove(id, false, never)
  })

  it('tells a human from the controller in its history', async () => {
    const id = await world.run(world.spec('meddled'))
    expect(await ask({ kind: 'socket', socketPath: simulator.controlPath }, 'DELETE', `/containers/${id}?force=1`)).toEqual({
      status: 204,
      body: null,
    })
    const history = (await simulator.control('GET', 'history')) as { id: string; action: string; caller: string }[] // its own answer
    const told = history.filter((entry) => entry.id === id).map(({ caller, action }) => `${caller} ${action}`)
    expect(told.at(0)).toBe('docker reserve')
    expect(told.at(-1)).toBe('control destroy')
    expect(await simulator.control('GET', 'overlaps')).toEqual([])
  })
})

describe('the simulator in virtual time', () => {
  it('answers at once what takes long, and lets time pass when it is told to', async () => {
    const shapes = contractImages(SHELL_IMAGE)
    const simulator = await startSimulatorProcess(inject('runFolder'), { images: shapes })
    onTestFinished(() => simulator.stop())
    const address = { kind: 'socket', socketPath: simulator.socketPath } as const
    const create = async (name: string, script: string) => {
      await ask(address, 'POST', `/containers/create?name=${name}`, { Image: SHELL_IMAGE, Cmd: ['sh', '-c', script] })
      await ask(address, 'POST', `/containers/${name}/start`)
    }
    const startedMs = performance.now()
    await create('stubborn', 'trap "" TERM; while :; do sleep 1; done')
    expect(await ask(address, 'POST', '/containers/stubborn/stop?t=600')).toEqual({ status: 204, body: null })
    expect(performance.now() - startedMs).toBeLessThan(5_000)
    await create('hungry', 'sleep 1; exec /bin/busybox tail /dev/zero')
    const status = async () => (await ask(address, 'GET', '/containers/hungry/json')).body
    expect(await status()).toMatchObject({ State: { Status: 'running' } })
    await simulator.control('POST', 'advance', { ms: 2_000 })
    expect(await status()).toMatchObject({ State: { Status: 'exited', OOMKilled: true } })
    await simulator.control('POST', 'restart', { downMs: 3_600_000 })
    await expect.poll(() => ask(address, 'GET', '/version').catch(() => null)).not.toBeNull()
  })
})

describe('two simulators on one machine', () => {
  it('have addresses of their own, so that neither’s engines answer for the other’s', async () => {
    const simulators = await Promise.all([1, 2].map(() => startSimulatorProcess(inject('runFolder'), {})))
    onTestFinished(async () => void (await Promise.all(simulators.map((simulator) => simulator.stop()))))
    const subnets = await Promise.all(
      simulators.map(async ({ socketPath }) => {
        const address = { kind: 'socket', socketPath } as const
        await ask(address, 'POST', '/networks/create', { Name: 'galaxy' })
        const { body } = await ask(address, 'GET', '/networks/galaxy')
        return (body as { IPAM: { Config: { Subnet: string }[] } }).IPAM.Config[0]?.Subnet // an inspect's
      }),
    )
    expect(subnets).toEqual([expect.stringMatching(/^127\.\d+\.0\.0\/16$/), expect.stringMatching(/^127\./)])
    expect(subnets[0]).not.toBe(subnets[1])
  })
})

describe('an engine of the simulator', () => {
  it('plays on its container address and keeps its state from one life to the next', async () => {
    const folder = await mkdtemp(path.join(inject('runFolder'), 'engine-'))
    const simulator = await startSimulatorProcess(inject('runFolder'), {}, '--real-time')
    onTestFinished(() => simulator.stop())
    const address = { kind: 'socket', socketPath: simulator.socketPath } as const
    await ask(address, 'POST', '/networks/create', { Name: 'galaxy' })
    const HostConfig = { NetworkMode: 'galaxy', Mounts: [{ Type: 'bind', Source: folder, Target: '/state' }] }
    await ask(address, 'POST', '/containers/create?name=match', {
      Image: 'galaxy-engine:1.1.0',
      Env: ['GAME_STATE_PATH=/state'],
      HostConfig,
    })
    await ask(address, 'POST', '/containers/match/start')
    const { body } = await ask(address, 'GET', '/containers/match/json')
    const { NetworkSettings } = body as { NetworkSettings: { Networks: { galaxy: { IPAddress: string } } } } // an inspect's
    const engine = { kind: 'tcp', host: NetworkSettings.Networks.galaxy.IPAddress } as const
    const post = async (route: string, json: unknown) =>
      (
        await fetch(`http://${engine.host}:8080${route}`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(json),
        })
      ).json()
    await expect.poll(() => canConnect(engine.host)).toBe(true)
    expect(await post('/api/v1/admin/init', { races: [{ raceName: 'Terrans' }, { raceName: 'Orion' }] })).toMatchObject({ turn: 0 })
    expect(await post('/api/v1/admin/turn', { turn: 1 })).toMatchObject({ turn: 1, finished: false })
    await ask(address, 'POST', '/containers/match/stop')
    await expect.poll(() => canConnect(engine.host)).toBe(false)
    await ask(address, 'POST', '/containers/match/start')
    await expect.poll(() => canConnect(engine.host)).toBe(true)
    expect(await (await fetch(`http://${engine.host}:8080/api/v1/admin/status`)).json()).toMatchObject({ turn: 1 })
    expect(await readdir(folder)).toContain('state.json')
  })
})

function canConnect(host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ host, port: 8080 })
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}
