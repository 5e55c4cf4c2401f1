import { readdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { LABEL, OWNER } from '../../src/model/labels.ts'
import { type DockerWorld, never, openWorld, SHELL_IMAGE, shell, type WorldPlace } from './support.ts'

const MIB = 1024 ** 2

/** What the loop relies on when it starts, stops and removes; any world that speaks the Engine API must show it. */
export function describeLifecycleContract(name: string, place: () => WorldPlace): void {
  describe(`running containers on ${name}`, () => {
    let world: DockerWorld
    beforeAll(async () => {
      world = await openWorld(place())
    })
    afterAll(async () => {
      await world.close()
    })

    describe('start', () => {
      it('row 7: succeeds when the container runs already', async () => {
        const id = await world.run(world.spec('again'))
        expect(await world.runtime.start(id, never)).toMatchObject({
          kind: 'started',
          container: { id, state: 'running', gameId: 'again' },
        })
        await world.runtime.remove(id, true, never)
      })

      it('tells its address, its limits and when it started', async () => {
        const id = await world.run(world.spec('facts'))
        const container = await world.runtime.inspect(id, never)
        expect(container?.addresses[world.network]).toMatch(/^\d+\.\d+\.\d+\.\d+$/)
        expect(container?.detail).toMatchObject({
          limits: { cpus: 0.5, memoryBytes: 64 * MIB, pids: 64 },
          finishedAtMs: null,
          isOomKilled: false,
          isAutoRemove: false,
        })
        expect(container?.dockerHealth).toBe('none')
        expect(Math.abs((container?.detail?.startedAtMs ?? 0) - Date.now())).toBeLessThan(60_000)
        await world.runtime.remove(id, true, never)
      })

      it('row 9: answers that the container is gone', async () => {
        expect(await world.runtime.start('0'.repeat(64), never)).toEqual({ kind: 'gone' })
      })

      it('row 31: answers that the network is missing', async () => {
        const id = await world.create(world.spec('offline', { network: `${world.instance}.absent` }))
        expect(await world.runtime.start(id, never)).toEqual({ kind: 'network_missing' })
        await world.runtime.remove(id, false, never)
      })

      it('answers that the network is there twice, until the one that is too many is taken away', async () => {
        const network = `${world.instance}.twice`
        const Labels = { [LABEL.owner]: OWNER, [LABEL.instance]: world.instance }
        for (const CheckDuplicate of [true, false]) await world.docker.createNetwork({ Name: network, CheckDuplicate, Labels })
        const id = await world.create(world.spec('torn', { network }))
        expect(await world.observer.networkState(network, never)).toBe('ambiguous')
        expect(await world.runtime.start(id, never)).toMatchObject({ kind: 'network_ambiguous' })
        await world.runtime.createNetwork(network, never)
        expect(await world.observer.networkState(network, never)).toBe('present')
        expect(await world.runtime.start(id, never)).toMatchObject({ kind: 'started' })
        await world.runtime.remove(id, true, never)
        await world.docker.getNetwork(network).remove()
      })

      it("row 11: fails with Docker's words and leaves the container with its error", async () => {
        const id = await world.create(world.spec('broken', { imageRef: SHELL_IMAGE, relax: { noInit: true, user: 'nobody-knows' } }))
        const starting = world.runtime.start(id, never)
        await expect(starting).rejects.toMatchObject({
          kind: 'transient',
          code: 'container_start_failed',
          message: expect.stringContaining('nobody-knows'),
        })
        expect(await world.runtime.inspect(id, never)).toMatchObject({ state: 'created' })
        await world.runtime.remove(id, false, never)
      })

      it('fails when a published port is taken', async () => {
        const first = await world.run(
          world.spec('port-a', { publish: [{ containerPort: 8080, hostPort: 0, protocol: 'tcp', hostIp: '127.0.0.1' }] }),
        )
        const { NetworkSettings } = await world.docker.getContainer(first).inspect()
        const hostPort = Number(NetworkSettings.Ports['8080/tcp']?.[0]?.HostPort)
        const second = await world.create(
          world.spec('port-b', { publish: [{ containerPort: 8080, hostPort, protocol: 'tcp', hostIp: '127.0.0.1' }] }),
        )
        await expect(world.runtime.start(second, never)).rejects.toMatchObject({
          kind: 'transient',
          code: 'container_start_failed',
          message: expect.stringContaining(String(hostPort)),
        })
        await world.runtime.remove(first, true, never)
        await world.runtime.remove(second, true, never)
      })
    })

    describe('stop', () => {
      it('ends the engine by SIGTERM within the grace period', async () => {
        const id = await world.run(world.spec('polite'))
        const startedMs = Date.now()
        const container = await world.runtime.stop(id, 10_000, never)
        expect(Date.now() - startedMs).toBeLessThan(5_000)
        expect(container).toMatchObject({ state: 'exited', detail: { exitCode: 143, isOomKilled: false } })
        expect(await world.runtime.stop(id, 10_000, never)).toMatchObject({ id, state: 'exited' })
        await world.runtime.remove(id, false, never)
      })

      it('row 16: kills an engine that ignores SIGTERM after the grace period', async () => {
        const script = 'trap "" TERM; while :; do /bin/busybox sleep 1; done'
        const id = await world.run(world.spec('stubborn', { imageRef: SHELL_IMAGE, command: shell(script), relax: { noInit: true } }))
        const startedMs = Date.now()
        const container = await world.runtime.stop(id, 1_000, never)
        expect(Date.now() - startedMs).toBeGreaterThanOrEqual(1_000)
        expect(container).toMatchObject({ state: 'exited', detail: { exitCode: 137, isOomKilled: false } })
        await world.runtime.remove(id, false, never)
      })

      it('row 9: is done when the container is gone, was never started or is paused', async () => {
        expect(await world.runtime.stop('0'.repeat(64), 1_000, never)).toBeNull()
        const created = await world.create(world.spec('fresh'))
        expect(await world.runtime.stop(created, 1_000, never)).toMatchObject({ state: 'created' })
        const paused = await world.run(world.spec('frozen'))
        await world.docker.getContainer(paused).pause()
        expect(await world.runtime.inspect(paused, never)).toMatchObject({ state: 'paused' })
        expect(await world.runtime.stop(paused, 1_000, never)).toMatchObject({ state: 'exited' })
        await Promise.all([created, paused].map((id) => world.runtime.remove(id, false, never)))
      })

      it('tells the exit code of an engine that ended by itself', async () => {
        const id = await world.run(world.spec('exits', { imageRef: SHELL_IMAGE, command: shell('exit 3') }))
        await expect
          .poll(() => world.runtime.inspect(id, never))
          .toMatchObject({ state: 'exited', detail: { exitCode: 3, isOomKilled: false } })
        await world.runtime.remove(id, false, never)
      })
    })

    describe('remove', () => {
      it('refuses a running container without force', async () => {
        const id = await world.run(world.spec('busy'))
        await expect(world.runtime.remove(id, false, never)).rejects.toMatchObject({ kind: 'transient' })
        expect(await world.runtime.inspect(id, never)).toMatchObject({ state: 'running' })
        await world.runtime.remove(id, true, never)
        expect(await world.runtime.inspect(id, never)).toBeNull()
      })

      it('rows 8 and 9: succeeds however often and however concurrently it is asked', async () => {
        const id = await world.run(world.spec('once'))
        await Promise.all([1, 2, 3].map(() => world.runtime.remove(id, true, never)))
        await world.runtime.remove(id, true, never)
        expect(await world.runtime.inspect(id, never)).toBeNull()
      })

      it("keeps the game's state", async () => {
        const id = await world.run(world.spec('kept'))
        await writeFile(path.join(world.stateRoot, 'kept', 'turn.json'), '{}')
        await world.runtime.remove(id, true, never)
        expect(await readdir(path.join(world.stateRoot, 'kept'))).toEqual(['turn.json'])
        await world.runtime.purgeState(path.join(world.stateRoot, 'kept'))
        expect(await readdir(world.stateRoot)).not.toContain('kept')
      })
    })
  })
}
