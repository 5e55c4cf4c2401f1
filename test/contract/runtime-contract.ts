import { mkdir, readdir, rm, stat, symlink } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DEFAULT_INSTANCE, containerName, LABEL } from '../../src/model/labels.ts'
import { IDLE_IMAGE } from '../support/idle-image.ts'
import { DEPLOYMENT, type DockerWorld, labelsOf, never, OPERATION, openWorld, SHELL_IMAGE, shell, type WorldPlace } from './support.ts'

const MIB = 1024 ** 2

/** What the loop relies on when it acts; any world that speaks the Engine API must show it. */
export function describeRuntimeContract(name: string, place: () => WorldPlace): void {
  describe(`acting on ${name}`, () => {
    let world: DockerWorld
    beforeAll(async () => {
      world = await openWorld(place())
    })
    afterAll(async () => {
      await world.close()
    })

    describe('create', () => {
      it('takes exactly three calls to a started and inspected container', async () => {
        world.calls.length = 0
        const id = await world.run(world.spec('three-calls'))
        expect(world.calls).toEqual(['container_create', 'container_start', 'container_inspect'])
        await world.runtime.remove(id, true, never)
      })

      it('gives the container exactly the shape of the specification', async () => {
        const spec = world.spec('shape', { env: { SEED: '7' } })
        const id = await world.run(spec)
        const { Name, Config, HostConfig, NetworkSettings, Mounts } = await world.docker.getContainer(id).inspect()
        expect(Name).toBe(`/${world.instance}.galaxy-game-shape`)
        expect(Config).toMatchObject({ Hostname: 'galaxy-game-shape', Image: IDLE_IMAGE })
        expect(Config.Env).toEqual(
          expect.arrayContaining(['SEED=7', 'GAME_STATE_PATH=/var/lib/galaxy-game', 'STORAGE_PATH=/var/lib/galaxy-game']),
        )
        expect(Config.Labels).toEqual({
          ...labelsOf('shape', world.instance, DEPLOYMENT),
          [LABEL.imageRef]: IDLE_IMAGE,
          [LABEL.startedAtMs]: '1700000000000',
          [LABEL.engine]: 'galaxy',
          [LABEL.engineVersion]: '1.0.0',
          [LABEL.specHash]: spec.specHash,
          [LABEL.operationId]: OPERATION,
          'com.galaxy.test_image': IDLE_IMAGE,
        })
        expect(HostConfig).toMatchObject({
          NanoCpus: 500_000_000,
          Memory: 64 * MIB,
          MemorySwap: 64 * MIB,
          PidsLimit: 64,
          CapDrop: ['ALL'],
          SecurityOpt: ['no-new-privileges'],
          ReadonlyRootfs: true,
          Tmpfs: { '/tmp': '' },
          Init: true,
          RestartPolicy: { Name: 'no' },
          LogConfig: { Type: 'json-file', Config: { 'max-size': '10m', 'max-file': '3' } },
          NetworkMode: world.network,
          AutoRemove: false,
          Privileged: false,
        })
        expect(Mounts).toMatchObject([
          { Type: 'bind', Source: path.join(world.stateRoot, 'shape'), Destination: '/var/lib/galaxy-game', RW: true },
        ])
        expect(Object.keys(NetworkSettings.Networks)).toEqual([world.network])
        expect(NetworkSettings.Networks[world.network]?.Aliases).toContain('galaxy-game-shape')
        expect(Object.values(NetworkSettings.Ports).every((bindings) => bindings === null)).toBe(true)
        await world.runtime.remove(id, true, never)
      })

      it('lifts single hardening defaults where the engine version says so', async () => {
        const relax = {
          capAdd: ['NET_BIND_SERVICE'],
          writableRoot: true,
          newPrivileges: true,
          noInit: true,
          user: '1000:1000',
          tmpfs: ['/run:size=1m'],
        }
        const publish = [{ containerPort: 8080, hostPort: 0, protocol: 'tcp', hostIp: '127.0.0.1' }] as const
        const id = await world.run(world.spec('relaxed', { relax, publish }))
        const { Config, HostConfig, NetworkSettings } = await world.docker.getContainer(id).inspect()
        expect(Config.User).toBe('1000:1000')
        expect(HostConfig).toMatchObject({ CapDrop: ['ALL'], ReadonlyRootfs: false, Init: false, Tmpfs: { '/tmp': '', '/run': 'size=1m' } })
        expect(HostConfig.CapAdd?.map((capability: string) => capability.replace('CAP_', ''))).toEqual(['NET_BIND_SERVICE'])
        expect(HostConfig.SecurityOpt ?? []).toEqual([])
        expect(NetworkSettings.Ports['8080/tcp']?.[0]?.HostIp).toBe('127.0.0.1')
        await world.runtime.remove(id, true, never)
      })

      it('row 29: uses the pinned image id where the reference means another image now', async () => {
        const shellId = (await world.docker.getImage(SHELL_IMAGE).inspect()).Id
        const id = await world.create(world.spec('pinned', { imageId: shellId }))
        const container = await world.runtime.inspect(id, never)
        expect(container).toMatchObject({ imageId: shellId, labels: { engineImageRef: IDLE_IMAGE } })
        await world.runtime.remove(id, false, never)
      })

      it('rows 4 and 5: answers who holds a taken name, and leaves the holder alone', async () => {
        const spec = world.spec('taken')
        const id = await world.create(spec)
        const again = await world.runtime.create(
          { name: containerName(world.instance, 'taken'), spec, operationId: OPERATION, nowMs: 1 },
          never,
        )
        expect(again).toEqual({ kind: 'name_taken', holder: 'ours', id })
        const name = containerName(world.instance, 'stranger')
        const foreign = await world.createForeign(name, {})
        const answer = await world.runtime.create({ name, spec: world.spec('stranger'), operationId: OPERATION, nowMs: 1 }, never)
        expect(answer).toEqual({ kind: 'name_taken', holder: 'foreign', id: foreign })
        expect((await world.docker.getContainer(foreign).inspect()).Id).toBe(foreign)
        await world.runtime.remove(id, false, never)
      })

      it('row 3: creates one container when asked twice at once', async () => {
        const request = { name: containerName(world.instance, 'twice'), spec: world.spec('twice'), operationId: OPERATION, nowMs: 1 }
        const answers = await Promise.all([world.runtime.create(request, never), world.runtime.create(request, never)])
        const created = answers.flatMap((answer) => (answer.kind === 'created' ? [answer.id] : []))
        expect(created).toHaveLength(1)
        expect(answers).toContainEqual({ kind: 'name_taken', holder: 'ours', id: created[0] })
        await world.runtime.remove(created[0] ?? '', false, never)
      })

      it('answers that the image is missing', async () => {
        const spec = world.spec('imageless', { imageRef: 'galaxy-test-absent:9.9.9', imageId: `sha256:${'0'.repeat(64)}` })
        const answer = await world.runtime.create(
          { name: containerName(world.instance, 'imageless'), spec, operationId: OPERATION, nowMs: 1 },
          never,
        )
        expect(answer).toEqual({ kind: 'image_missing' })
      })

      it('reports a configuration that Docker refuses as one that no retry mends', async () => {
        const creating = world.create(world.spec('tiny', { limits: { cpus: null, memoryBytes: MIB, pids: null } }))
        await expect(creating).rejects.toMatchObject({
          kind: 'terminal',
          code: 'start_config_invalid',
          message: expect.stringMatching(/memory/i),
        })
      })

      it('row 50: names the path when the daemon cannot see the state folder', async () => {
        const { state } = world.spec('elsewhere')
        const creating = world.create(world.spec('elsewhere', { state: { ...state, hostPath: '/nowhere/elsewhere' } }))
        await expect(creating).rejects.toMatchObject({
          kind: 'terminal',
          code: 'start_config_invalid',
          message: expect.stringContaining('GALAXY_STATE_ROOT_HOST'),
        })
      })

      it('row 50: lets nothing escape from the state root', async () => {
        await symlink('/etc', path.join(world.stateRoot, 'planted'))
        await expect(world.create(world.spec('planted'))).rejects.toMatchObject({ kind: 'terminal', code: 'start_config_invalid' })
        await rm(path.join(world.stateRoot, 'planted'))
      })
    })

    describe('row 35: whose it is', () => {
      it.each([
        ['without our labels', () => ({})],
        ['of another kind', () => ({ ...labelsOf('theirs', world.instance), [LABEL.kind]: 'something-else' })],
        ['of another instance', () => labelsOf('theirs', `${world.instance}x`)],
        ['of the default instance', () => ({ ...labelsOf('theirs', DEFAULT_INSTANCE) })],
        ['of another deployment', () => labelsOf('theirs', world.instance, '018f0000-0000-7000-8000-000000000002')],
      ])('never stops, removes, renames, starts or changes a container %s', async (_, labels) => {
        const id = await world.createForeign(`${world.instance}.theirs`, labels())
        await world.docker.getContainer(id).start()
        const refusal = { code: 'internal_error' }
        await expect(world.runtime.stop(id, 1_000, never)).rejects.toMatchObject(refusal)
        await expect(world.runtime.remove(id, true, never)).rejects.toMatchObject(refusal)
        await expect(world.runtime.rename(id, `${world.instance}.mine`, never)).rejects.toMatchObject(refusal)
        await expect(world.runtime.start(id, never)).rejects.toMatchObject(refusal)
        await expect(world.runtime.updateLimits(id, { cpus: 1, memoryBytes: null, pids: null }, never)).rejects.toMatchObject(refusal)
        const { Name, State, HostConfig } = await world.docker.getContainer(id).inspect()
        expect({ Name, isRunning: State.Running, cpus: HostConfig.NanoCpus }).toEqual({
          Name: `/${world.instance}.theirs`,
          isRunning: true,
          cpus: 0,
        })
        await world.docker.getContainer(id).remove({ force: true })
      })

      it('acts on a container of our instance that names no deployment', async () => {
        const id = await world.createForeign(`${world.instance}.unclaimed`, labelsOf('unclaimed', world.instance))
        await world.runtime.remove(id, false, never)
        expect(await world.runtime.inspect(id, never)).toBeNull()
      })
    })

    describe('rename', () => {
      it('gives the canonical name, and is content with one it has', async () => {
        const name = containerName(world.instance, 'renamed')
        const id = await world.create(world.spec('renamed'), `${name}.next.${OPERATION}`)
        expect(await world.runtime.rename(id, name, never)).toEqual({ kind: 'renamed' })
        expect(await world.runtime.rename(id, name, never)).toEqual({ kind: 'renamed' })
        expect(await world.runtime.inspect(id, never)).toMatchObject({ name })
        await world.runtime.remove(id, false, never)
      })

      it('answers who holds the name, and that the container is gone', async () => {
        const first = await world.create(world.spec('first'))
        const second = await world.create(world.spec('second'))
        const foreign = await world.createForeign(`${world.instance}.third`, {})
        expect(await world.runtime.rename(second, containerName(world.instance, 'first'), never)).toEqual({
          kind: 'name_taken',
          holder: 'ours',
          id: first,
        })
        expect(await world.runtime.rename(second, `${world.instance}.third`, never)).toEqual({
          kind: 'name_taken',
          holder: 'foreign',
          id: foreign,
        })
        expect(await world.runtime.rename('0'.repeat(64), 'whatever', never)).toEqual({ kind: 'gone' })
        await Promise.all([first, second].map((id) => world.runtime.remove(id, false, never)))
      })
    })

    describe('limits', () => {
      it('row 33: change in place on a running container, up beyond the old swap limit and down again', async () => {
        const id = await world.run(world.spec('resized'))
        const more = { cpus: 1.5, memoryBytes: 256 * MIB, pids: 100 }
        expect(await world.runtime.updateLimits(id, more, never)).toMatchObject({
          kind: 'updated',
          container: { id, state: 'running', detail: { limits: more } },
        })
        expect((await world.docker.getContainer(id).inspect()).HostConfig.MemorySwap).toBe(256 * MIB)
        const less = { cpus: 0.25, memoryBytes: 32 * MIB, pids: 50 }
        expect(await world.runtime.updateLimits(id, less, never)).toMatchObject({
          kind: 'updated',
          container: { detail: { limits: less } },
        })
        await world.runtime.remove(id, true, never)
      })

      it('that are in force already cost no update', async () => {
        const id = await world.create(world.spec('same'))
        world.calls.length = 0
        await world.runtime.updateLimits(id, world.spec('same').limits, never)
        expect(world.calls).toEqual(['container_inspect'])
        await world.runtime.remove(id, false, never)
      })

      it('that Docker cannot lift or set are refused, and nothing is changed', async () => {
        const id = await world.run(world.spec('stuck'))
        const { limits } = world.spec('stuck')
        expect(await world.runtime.updateLimits(id, { ...limits, memoryBytes: null }, never)).toMatchObject({ kind: 'refused' })
        expect(await world.runtime.updateLimits(id, { ...limits, memoryBytes: MIB }, never)).toMatchObject({ kind: 'refused' })
        expect(await world.runtime.inspect(id, never)).toMatchObject({ detail: { limits } })
        await world.runtime.remove(id, true, never)
        expect(await world.runtime.updateLimits(id, limits, never)).toEqual({ kind: 'gone' })
      })
    })

    describe('state folder', () => {
      it('is made with the configured mode, in a root that is closed to others', async () => {
        const id = await world.create(world.spec('folder'))
        expect((await stat(path.join(world.stateRoot, 'folder'))).mode & 0o7777).toBe(0o777)
        expect((await stat(world.stateRoot)).mode & 0o7777).toBe(0o700)
        await world.runtime.remove(id, false, never)
      })

      it('can be written by the engine at the path that its environment names', async () => {
        const script = 'echo turn > "$GAME_STATE_PATH/turn"'
        const id = await world.run(world.spec('writes', { imageRef: SHELL_IMAGE, command: shell(script) }))
        await expect.poll(() => readdir(path.join(world.stateRoot, 'writes'))).toEqual(['turn'])
        await world.runtime.remove(id, true, never)
      })

      it('is not purged by a path that is no plain folder right under the root', async () => {
        await mkdir(path.join(world.stateRoot, 'deep', 'er'), { recursive: true })
        const refusal = { kind: 'terminal' }
        await expect(world.runtime.purgeState(path.join(world.stateRoot, 'deep', 'er'))).rejects.toMatchObject(refusal)
        await expect(world.runtime.purgeState(world.stateRoot)).rejects.toMatchObject(refusal)
        expect(await readdir(path.join(world.stateRoot, 'deep'))).toEqual(['er'])
      })
    })
  })
}
