import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ContainerEvent, HostEvent } from '../../src/model/runtime-event.ts'
import { IDLE_IMAGE } from '../support/idle-image.ts'
import { type DockerWorld, labelsOf, never, openWorld, SHELL_IMAGE, shell, type WorldPlace } from './support.ts'

/** What the loop relies on when it looks; any world that speaks the Engine API must show it. */
export function describeObservationContract(name: string, place: () => WorldPlace): void {
  describe(`looking at ${name}`, () => {
    let world: DockerWorld
    beforeAll(async () => {
      world = await openWorld(place())
    })
    afterAll(async () => {
      await world.close()
    })

    describe('the list', () => {
      it('is one call, and tells what an inspect tells but for its detail', async () => {
        const id = await world.run(world.spec('listed'))
        world.calls.length = 0
        const list = await world.observer.listContainers(never)
        expect(world.calls).toEqual(['container_list'])
        const inspected = await world.runtime.inspect(id, never)
        expect(list.ours.find((container) => container.id === id)).toEqual({ ...inspected, detail: null })
        await world.runtime.remove(id, true, never)
      })

      it('has every state, also of containers that never ran', async () => {
        const created = await world.create(world.spec('state-created'))
        const exited = await world.run(world.spec('state-exited', { imageRef: SHELL_IMAGE, command: shell('exit 1') }))
        await expect.poll(() => world.runtime.inspect(exited, never)).toMatchObject({ state: 'exited' })
        const { ours } = await world.observer.listContainers(never)
        expect(ours.map(({ id, state, addresses }) => ({ id, state, addresses }))).toEqual(
          expect.arrayContaining([
            { id: created, state: 'created', addresses: {} },
            { id: exited, state: 'exited', addresses: {} },
          ]),
        )
        await Promise.all([created, exited].map((id) => world.runtime.remove(id, false, never)))
      })

      it('goes on giving the address that was meant for a container whose start was refused; nobody is to believe it', async () => {
        const id = await world.createForeign(`${world.instance}.refused`, labelsOf('refused', world.instance), { User: 'nobody-knows' })
        await expect(world.docker.getContainer(id).start()).rejects.toThrow('nobody-knows')
        const raw = (await world.docker.listContainers({ all: true })).find(({ Id }) => Id === id)
        expect(Object.values(raw?.NetworkSettings.Networks ?? {})).toMatchObject([{ IPAddress: expect.stringMatching(/^\d+\./) }])
        const { NetworkSettings } = await world.docker.getContainer(id).inspect()
        expect(Object.values(NetworkSettings.Networks)).toMatchObject([{ IPAddress: '' }])
        const { ours } = await world.observer.listContainers(never)
        expect(ours).toMatchObject([{ id, state: 'created', addresses: {} }])
        await world.docker.getContainer(id).remove()
      })

      it('tells other deployments apart, leaves out other instances and reports what is no game', async () => {
        const other = await world.createForeign(
          `${world.instance}.a`,
          labelsOf('other', world.instance, '018f0000-0000-7000-8000-000000000002'),
        )
        const elsewhere = await world.createForeign(`${world.instance}.b`, labelsOf('elsewhere', `${world.instance}x`))
        const nameless = await world.createForeign(`${world.instance}.c`, labelsOf('Not A Game', world.instance))
        const unclaimed = await world.createForeign(`${world.instance}.d`, labelsOf('unclaimed', world.instance))
        const list = await world.observer.listContainers(never)
        expect(list.otherDeployments.map(({ id }) => id)).toEqual([other])
        expect(list.ours.map(({ id }) => id)).toEqual([unclaimed])
        expect(world.unusable).toEqual([nameless])
        await Promise.all([other, elsewhere, nameless, unclaimed].map((id) => world.docker.getContainer(id).remove()))
      })
    })

    describe('the event streams', () => {
      it('tell the whole life of a container, with its labels', async () => {
        const { events, close } = await listen(world)
        const id = await world.run(world.spec('lively'))
        await world.runtime.updateLimits(id, { cpus: 1, memoryBytes: 64 * 1024 ** 2, pids: 64 }, never)
        await world.runtime.rename(id, `${world.instance}.renamed`, never)
        await world.docker.getContainer(id).pause()
        await world.docker.getContainer(id).unpause()
        await world.runtime.stop(id, 10_000, never)
        await world.runtime.remove(id, false, never)
        const seen = () => events.flatMap((event) => (event.kind === 'container' && event.id === id ? [event] : []))
        await expect
          .poll(() => seen().map(({ action }) => action))
          .toEqual(expect.arrayContaining(['create', 'start', 'update', 'rename', 'pause', 'unpause', 'kill', 'die', 'stop', 'destroy']))
        expect(seen().at(-1)).toMatchObject({
          gameId: 'lively',
          name: `${world.instance}.renamed`,
          attributes: { 'com.galaxy.instance': world.instance },
        })
        const times = seen().map(({ timeNs }) => timeNs)
        expect(times).toEqual(times.toSorted((a, b) => (a < b ? -1 : 1)))
        expect(Math.abs(Number((times[0] ?? 0n) / 1_000_000n) - Date.now())).toBeLessThan(60_000)
        await close()
      })

      it('leave out containers of other instances', async () => {
        const { events, close } = await listen(world)
        const foreign = await world.createForeign(`${world.instance}.foreign`, labelsOf('foreign', `${world.instance}x`))
        const id = await world.create(world.spec('after'))
        await expect.poll(() => events).toContainEqual(expect.objectContaining({ kind: 'container', action: 'create', id }))
        expect(events.filter((event) => event.kind === 'container' && event.id === foreign)).toEqual([])
        await world.docker.getContainer(foreign).remove()
        await world.runtime.remove(id, false, never)
        await close()
      })

      it('row 15: tell of running out of memory', async () => {
        const { events, close } = await listen(world)
        const limits = { cpus: null, memoryBytes: 8 * 1024 ** 2, pids: null }
        // Not at once: Docker begins to watch for it only after the start, and may miss an early one.
        const command = shell('/bin/busybox sleep 1; exec /bin/busybox tail /dev/zero')
        const id = await world.run(world.spec('hungry', { imageRef: SHELL_IMAGE, command, relax: { noInit: true }, limits }))
        await expect.poll(() => events, { timeout: 20_000 }).toContainEqual(expect.objectContaining({ action: 'oom', id }))
        await expect
          .poll(() => world.runtime.inspect(id, never))
          .toMatchObject({ state: 'exited', detail: { exitCode: 137, isOomKilled: true } })
        await world.runtime.remove(id, false, never)
        await close()
      })

      it('tell of networks and images', async () => {
        const { events, close } = await listen(world)
        const network = `${world.instance}.other`
        await world.runtime.createNetwork(network, never)
        await world.docker.getNetwork(network).remove()
        await world.docker.getImage(IDLE_IMAGE).tag({ repo: 'galaxy-test-tagged', tag: world.instance })
        await world.docker.getImage(`galaxy-test-tagged:${world.instance}`).remove()
        const host = () => events.flatMap((event): HostEvent[] => (event.kind === 'container' ? [] : [event]))
        await expect.poll(host).toEqual(
          expect.arrayContaining([
            { kind: 'network', action: 'create', name: network },
            { kind: 'network', action: 'destroy', name: network },
            { kind: 'image', action: 'tag', name: `galaxy-test-tagged:${world.instance}` },
          ]),
        )
        await close()
      })

      it('replay what happened since a given time', async () => {
        const before = BigInt(Date.now()) * 1_000_000n
        const id = await world.create(world.spec('replayed'))
        const { events, close } = await listen(world, before)
        await expect.poll(() => events).toContainEqual(expect.objectContaining({ action: 'create', id }))
        await world.runtime.remove(id, false, never)
        await close()
      })

      it('end exactly once, when their signal aborts', async () => {
        const { ends, close } = await listen(world)
        await close()
        expect(ends).toHaveLength(1)
      })
    })

    describe('the host', () => {
      it('has networks by their exact name, and making one twice is fine', async () => {
        await world.runtime.createNetwork(world.network, never)
        expect((await world.observer.listNetworks(never)).filter((name) => name === world.network)).toHaveLength(1)
        expect(await world.observer.networkState(world.network, never)).toBe('present')
        expect(await world.observer.networkState(world.network.slice(0, -1), never)).toBe('missing')
      })

      it('has images by reference or id, the same in list and inspect', async () => {
        const image = await world.runtime.inspectImage(IDLE_IMAGE, never)
        expect(image).toMatchObject({ labels: { 'com.galaxy.test_image': IDLE_IMAGE }, refs: [IDLE_IMAGE] })
        expect(await world.runtime.inspectImage(image?.id ?? '', never)).toEqual(image)
        expect(await world.observer.listImages(never)).toContainEqual(image)
        expect(await world.runtime.inspectImage('galaxy-test-absent:9.9.9', never)).toBeNull()
      })

      it('answers a ping and describes itself', async () => {
        await world.observer.ping(never)
        const facts = await world.observer.readDaemonFacts(never)
        expect(facts).toMatchObject({ osType: 'linux', cpus: expect.any(Number) })
        expect(Math.abs(facts.timeMs - Date.now())).toBeLessThan(60_000)
      })
    })
  })
}

interface Listening {
  readonly events: readonly (ContainerEvent | HostEvent)[]
  readonly ends: readonly unknown[]
  /** Resolves when the streams have ended. */
  close(): Promise<void>
}

async function listen(world: DockerWorld, sinceNs?: bigint): Promise<Listening> {
  const events: (ContainerEvent | HostEvent)[] = []
  const ends: unknown[] = []
  const streams = new AbortController()
  await world.observer.openEvents({
    onEvent: (event) => events.push(event),
    onEnd: (error) => ends.push(error),
    sinceNs: sinceNs ?? null,
    signal: streams.signal,
  })
  const close = async () => {
    streams.abort(new Error('enough'))
    await expect.poll(() => ends.length).toBe(1)
  }
  return { events, ends, close }
}
