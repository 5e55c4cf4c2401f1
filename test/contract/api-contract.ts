import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { IDLE_IMAGE } from '../support/idle-image.ts'
import { type ApiAnswer, ask, fieldsOf } from './api-calls.ts'
import { type DockerWorld, openWorld, SHELL_IMAGE, shell, type WorldPlace } from './support.ts'

const MIB = 1024 ** 2

/** The release whose words these are; others word some of it differently, and no caller of ours depends on that. */
const RELEASE = '20.10.'

/** Answers and events in Docker 20.10's own words: what a world that passes for such a daemon must say too. Skipped on a daemon of another release. */
export function describeApiContract(name: string, place: () => WorldPlace): void {
  describe(`the Engine API of ${name}`, () => {
    let world: DockerWorld
    let at: WorldPlace
    beforeAll(async () => {
      at = place()
      world = await openWorld(at)
    })
    afterAll(async () => {
      await world.close()
    })
    beforeEach((context) => {
      if (!world.clients.daemonVersion.startsWith(RELEASE)) context.skip()
    })

    const call = (method: string, path: string, body?: unknown): Promise<ApiAnswer> => ask(at.address, method, path, body)
    const named = (leaf: string) => `${world.instance}.${leaf}`

    /** Creates a container of this world and gives its id. */
    async function create(leaf: string, changes: object = {}): Promise<string> {
      const body = {
        Image: IDLE_IMAGE,
        Labels: { 'test.world': world.instance },
        HostConfig: { Init: true, NetworkMode: world.network },
        ...changes,
      }
      const answer = await call('POST', `/containers/create?name=${named(leaf)}`, body)
      expect(answer).toEqual({ status: 201, body: { Id: expect.stringMatching(/^[0-9a-f]{64}$/), Warnings: [] } })
      return (answer.body as { Id: string }).Id // just matched
    }

    async function run(leaf: string, changes: object = {}): Promise<string> {
      const id = await create(leaf, changes)
      expect(await call('POST', `/containers/${id}/start`)).toEqual({ status: 204, body: null })
      return id
    }

    describe('create', () => {
      it.each([
        ['an image that is missing', { Image: 'galaxy-test-absent:9' }, 404, 'No such image: galaxy-test-absent:9'],
        ['too little memory', { HostConfig: { Memory: MIB } }, 400, 'Minimum memory limit allowed is 6MB'],
        [
          'less swap than memory',
          { HostConfig: { Memory: 64 * MIB, MemorySwap: 8 * MIB } },
          400,
          'Minimum memoryswap limit should be larger than memory limit, see usage',
        ],
        [
          'a bind source that is missing',
          { HostConfig: { Mounts: [{ Type: 'bind', Source: '/nowhere/x', Target: '/y' }] } },
          400,
          'invalid mount config for type "bind": bind source path does not exist: /nowhere/x',
        ],
      ])('refuses %s', async (_, changes, status, message) => {
        const answer = await call('POST', `/containers/create?name=${named('refused')}`, { Image: IDLE_IMAGE, ...changes })
        expect(answer).toEqual({ status, body: message })
      })

      it('refuses more CPUs than there are, and what is no name', async () => {
        const cpus = await call('POST', `/containers/create?name=${named('cpus')}`, { Image: IDLE_IMAGE, HostConfig: { NanoCpus: 5e12 } })
        expect(cpus).toEqual({
          status: 400,
          body: expect.stringMatching(/^Range of CPUs is from 0\.01 to \d+\.00, as there are only \d+ CPUs available$/),
        })
        expect(await call('POST', '/containers/create?name=-bad!', { Image: IDLE_IMAGE })).toEqual({
          status: 400,
          body: 'Invalid container name (-bad!), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed',
        })
      })

      it('names the holder of a taken name, also to a rename', async () => {
        const id = await create('taken')
        const other = await create('other')
        const taken = `Conflict. The container name "/${named('taken')}" is already in use by container "${id}". You have to remove (or rename) that container to be able to reuse that name.`
        expect(await call('POST', `/containers/create?name=${named('taken')}`, { Image: IDLE_IMAGE })).toEqual({ status: 409, body: taken })
        expect(await call('POST', `/containers/${other}/rename?name=${named('taken')}`)).toEqual({
          status: 409,
          body: `Error when allocating new name: ${taken}`,
        })
        expect(await call('POST', `/containers/${id}/rename?name=${named('taken')}`)).toEqual({
          status: 400,
          body: 'Renaming a container with the same name as its current name',
        })
        for (const each of [id, other]) expect(await call('DELETE', `/containers/${each}`)).toEqual({ status: 204, body: null })
      })
    })

    it('tells what does not exist', async () => {
      const missing = { status: 404, body: 'No such container: galaxy-test-absent' }
      expect(await call('GET', '/containers/galaxy-test-absent/json')).toEqual(missing)
      for (const verb of ['start', 'stop', 'kill', 'pause', 'unpause', 'restart']) {
        const answer = await call('POST', `/containers/galaxy-test-absent/${verb}`)
        expect(answer).toEqual(
          verb === 'kill' ? { status: 404, body: expect.stringMatching(/No such container: galaxy-test-absent$/) } : missing,
        )
      }
      expect(await call('DELETE', '/containers/galaxy-test-absent')).toEqual(missing)
      expect(await call('GET', '/networks/galaxy-test-absent')).toEqual({ status: 404, body: 'network galaxy-test-absent not found' })
      expect(await call('DELETE', '/networks/galaxy-test-absent')).toEqual({ status: 404, body: 'network galaxy-test-absent not found' })
      expect(await call('GET', '/images/galaxy-test-absent/json')).toEqual({
        status: 404,
        body: 'no such image: galaxy-test-absent: No such image: galaxy-test-absent:latest',
      })
      expect(await call('DELETE', '/images/galaxy-test-absent:1')).toEqual({ status: 404, body: 'No such image: galaxy-test-absent:1' })
      expect(await call('GET', '/galaxy-test-absent')).toEqual({ status: 404, body: 'page not found' })
    })

    it('answers what is so already, and refuses what does not go', async () => {
      const id = await run('verbs')
      const notPaused = { status: 500, body: `Container ${id} is not paused` }
      const notRunning = { status: 409, body: `Container ${id} is not running` }
      const unchanged = { status: 304, body: null }
      const done = { status: 204, body: null }
      expect(await call('POST', `/containers/${id}/start`)).toEqual(unchanged)
      expect(await call('DELETE', `/containers/${id}`)).toEqual({
        status: 409,
        body: `You cannot remove a running container ${id}. Stop the container before attempting removal or force remove`,
      })
      expect(await call('POST', `/containers/${id}/unpause`)).toEqual(notPaused)
      expect(await call('POST', `/containers/${id}/pause`)).toEqual(done)
      expect(await call('POST', `/containers/${id}/pause`)).toEqual({ status: 409, body: `Container ${id} is already paused` })
      expect(await call('POST', `/containers/${id}/start`)).toEqual({
        status: 409,
        body: 'cannot start a paused container, try unpause instead',
      })
      expect(await call('DELETE', `/containers/${id}`)).toEqual({
        status: 409,
        body: `You cannot remove a paused container ${id}. Unpause and then stop the container before attempting removal or force remove`,
      })
      expect(await call('POST', `/containers/${id}/unpause`)).toEqual(done)
      expect(await call('POST', `/containers/${id}/kill?signal=BOGUS`)).toEqual({ status: 400, body: 'Invalid signal: BOGUS' })
      expect(await call('POST', `/containers/${id}/restart?t=5`)).toEqual(done)
      expect(await call('POST', `/containers/${id}/stop?t=5`)).toEqual(done)
      expect(await call('POST', `/containers/${id}/stop`)).toEqual(unchanged)
      expect(await call('POST', `/containers/${id}/pause`)).toEqual(notRunning)
      expect(await call('POST', `/containers/${id}/kill`)).toEqual({
        status: 409,
        body: `Cannot kill container: ${id}: Container ${id} is not running`,
      })
      expect(await call('POST', `/containers/${id}/wait`)).toEqual({ status: 200, body: { Error: null, StatusCode: 143 } })
      expect(await call('DELETE', `/containers/${id}`)).toEqual(done)
    })

    it('changes limits: 0 leaves CPUs and memory, but lifts the limit of processes', async () => {
      const limits = { Memory: 64 * MIB, MemorySwap: 64 * MIB, NanoCpus: 5e8, PidsLimit: 64 }
      const id = await create('limits', { HostConfig: { ...limits, NetworkMode: world.network } })
      const update = (body: object) => call('POST', `/containers/${id}/update`, body)
      const inForce = async () => (await world.docker.getContainer(id).inspect()).HostConfig
      expect(await update({ Memory: 256 * MIB })).toEqual({
        status: 409,
        body: `Cannot update container ${id}: Memory limit should be smaller than already set memoryswap limit, update the memoryswap at the same time`,
      })
      expect(await update({ Memory: MIB, MemorySwap: MIB })).toEqual({ status: 400, body: 'Minimum memory limit allowed is 6MB' })
      expect(await inForce()).toMatchObject(limits)
      expect(await update({ Memory: 0, NanoCpus: 0, PidsLimit: 0 })).toEqual({ status: 200, body: { Warnings: null } })
      expect(await inForce()).toMatchObject({ ...limits, PidsLimit: 0 })
      expect(await update({ MemorySwap: -1 })).toEqual({ status: 200, body: { Warnings: null } })
      expect(await inForce()).toMatchObject({ Memory: 64 * MIB, MemorySwap: -1 })
      await call('DELETE', `/containers/${id}`)
    })

    describe('networks', () => {
      it('of one name are ambiguous to whoever asks by name', async () => {
        const network = named('twin')
        const twins = await Promise.all([1, 2].map(() => call('POST', '/networks/create', { Name: network, CheckDuplicate: false })))
        expect(twins.map(({ status }) => status)).toEqual([201, 201])
        const id = await create('torn', { HostConfig: { NetworkMode: network } })
        const ambiguous = `network ${network} is ambiguous (2 matches found on name)`
        expect(await call('POST', `/containers/${id}/start`)).toEqual({ status: 400, body: ambiguous })
        expect(await call('GET', `/networks/${network}`)).toEqual({
          status: 400,
          body: `2 matches found based on name: network ${network} is ambiguous`,
        })
        expect(await call('DELETE', `/networks/${network}`)).toEqual({
          status: 400,
          body: `network ${network} is ambiguous (2 matches found based on name)`,
        })
        await call('DELETE', `/containers/${id}`)
        for (const { body } of twins) await call('DELETE', `/networks/${(body as { Id: string }).Id}`) // created above
      })

      it('come double when two ask at once, and not when one asks after the other', async () => {
        const network = named('raced')
        const body = { Name: network, Driver: 'bridge', CheckDuplicate: true }
        const raced = await Promise.all([1, 2].map(() => call('POST', '/networks/create', body)))
        expect(raced.map(({ status }) => status)).toEqual([201, 201])
        expect(await call('POST', '/networks/create', body)).toEqual({ status: 409, body: `network with name ${network} already exists` })
        for (const each of raced) await call('DELETE', `/networks/${(each.body as { Id: string }).Id}`) // created above
      })

      it('are not removed while a container runs on them, and predefined ones never', async () => {
        const id = await run('member')
        const networkId = (await world.docker.getNetwork(world.network).inspect()).Id
        expect(await call('DELETE', `/networks/${world.network}`)).toEqual({
          status: 403,
          body: `error while removing network: network ${world.network} id ${networkId} has active endpoints`,
        })
        expect(await call('DELETE', '/networks/bridge')).toEqual({
          status: 403,
          body: 'bridge is a pre-defined network and cannot be removed',
        })
        await call('DELETE', `/containers/${id}?force=1`)
      })

      it('can be joined and left while it runs', async () => {
        const id = await run('mobile')
        const network = named('second')
        await call('POST', '/networks/create', { Name: network })
        const attached = async () => Object.keys((await world.docker.getContainer(id).inspect()).NetworkSettings.Networks).sort()
        expect(await call('POST', `/networks/${network}/connect`, { Container: id })).toEqual({ status: 200, body: null })
        expect(await attached()).toEqual([world.network, network].sort())
        expect(await call('POST', `/networks/${network}/disconnect`, { Container: id })).toEqual({ status: 200, body: null })
        expect(await attached()).toEqual([world.network])
        await call('DELETE', `/containers/${id}?force=1`)
        await call('DELETE', `/networks/${network}`)
      })
    })

    it('row 30: takes a container that does not run off a network, and of one that does not exist only what it has left', async () => {
      const id = await create('rested')
      const networks = async () => Object.keys((await world.docker.getContainer(id).inspect()).NetworkSettings.Networks)
      const leave = (body: object) => call('POST', `/networks/${world.network}/disconnect`, body)
      expect(await leave({ Container: named('nobody'), Force: true })).toEqual({
        status: 404,
        body: `endpoint ${named('nobody')} not found`,
      })
      expect(await leave({ Container: named('nobody') })).toEqual({ status: 404, body: `No such container: ${named('nobody')}` })
      expect(await networks()).toEqual([world.network])
      expect(await leave({ Container: named('rested'), Force: true })).toEqual({ status: 200, body: null })
      expect(await networks()).toEqual([])
      const isNone = { status: 500, body: `container ${id} is not connected to the network ${world.network}` }
      expect(await leave({ Container: named('rested'), Force: true })).toEqual(isNone)
      await call('DELETE', `/containers/${id}`)
    })

    it('refuses a filter that it does not know, or that is no JSON', async () => {
      const list = (filters: string) => call('GET', `/containers/json?filters=${encodeURIComponent(filters)}`)
      expect(await list('{"bogus":["x"]}')).toEqual({ status: 400, body: "Invalid filter 'bogus'" })
      expect(await list('{"status":["bogus"]}')).toEqual({ status: 400, body: "Invalid filter 'status=bogus'" })
      expect(await list('{"health":["bogus"]}')).toEqual({ status: 400, body: 'Unrecognised filter value for health: bogus' })
      expect(await list('{')).toEqual({ status: 500, body: 'unexpected end of JSON input' })
    })

    it('keeps an image that a container needs, and tells what it untags', async () => {
      const id = await create('keeper')
      const short = id.slice(0, 12)
      const { Id: imageId } = await world.docker.getImage(IDLE_IMAGE).inspect()
      expect(await call('DELETE', `/images/${IDLE_IMAGE}`)).toEqual({
        status: 409,
        body: `conflict: unable to remove repository reference "${IDLE_IMAGE}" (must force) - container ${short} is using its referenced image ${imageId.slice(7, 19)}`,
      })
      const tag = `galaxy-test-tagged:${world.instance}`
      expect(await call('POST', `/images/${IDLE_IMAGE}/tag?repo=galaxy-test-tagged&tag=${world.instance}`)).toEqual({
        status: 201,
        body: null,
      })
      expect(await call('DELETE', `/images/${tag}`)).toEqual({ status: 200, body: [{ Untagged: tag }] })
      await call('DELETE', `/containers/${id}`)
    })

    describe('fields', () => {
      it('of an inspect and a list are those of Docker 20.10', async () => {
        const id = await run('fields', { ExposedPorts: { '8080/tcp': {} } })
        const inspection = await call('GET', `/containers/${id}/json`)
        const deep = ['State', 'NetworkSettings', 'Networks', 'Mounts', world.network]
        const hide = (names: readonly string[]) => names.map((field) => field.replace(world.network, '*'))
        const filters = encodeURIComponent(JSON.stringify({ id: [id] }))
        const list = await call('GET', `/containers/json?all=1&filters=${filters}`)
        const network = await call('GET', `/networks/${world.network}`)
        const image = await call('GET', `/images/${IDLE_IMAGE}/json`)
        const { HostConfig, Config } = await world.docker.getContainer(id).inspect()
        const shapes = {
          inspection: hide(fieldsOf(inspection.body, deep)),
          listEntry: hide(fieldsOf(list.body, ['HostConfig', ...deep])),
          configuration: fieldsOf(Config, []),
          hostConfiguration: { ...HostConfig, NetworkMode: '*' },
          network: fieldsOf(network.body, ['IPAM', 'ConfigFrom']),
          image: fieldsOf(image.body, ['RootFS', 'Metadata']),
          imageListEntry: fieldsOf((await call('GET', '/images/json')).body, []),
          version: fieldsOf((await call('GET', '/version')).body, []),
        }
        await expect(`${JSON.stringify(shapes, null, 2)}\n`).toMatchFileSnapshot('./api-shapes.txt')
        await call('DELETE', `/containers/${id}?force=1`)
      })
    })

    describe('events', () => {
      /** All that was told of a container and its networks, in order, with what tells more than the name. */
      async function told(sinceMs: number, id: string): Promise<readonly string[]> {
        const answer = await call('GET', `/events?since=${Math.floor(sinceMs / 1000)}&until=${(Date.now() / 1000).toFixed(9)}`)
        const events = (Array.isArray(answer.body) ? answer.body : [answer.body]) as {
          Type: string
          Action: string
          Actor: { ID: string; Attributes: Record<string, string> }
        }[] // Docker's events
        return events
          .filter(({ Actor }) => Actor.ID === id || Actor.Attributes['container'] === id)
          .map(({ Type, Action, Actor: { Attributes } }) =>
            [Type, Action, Attributes['signal'] ?? Attributes['exitCode']].filter((part) => part !== undefined).join(' '),
          )
      }

      it('of a stop by SIGTERM, a restart, a kill of a paused one and a forced removal', async () => {
        const sinceMs = Date.now()
        const id = await run('told')
        await call('POST', `/containers/${id}/stop?t=5`)
        await call('POST', `/containers/${id}/restart?t=5`)
        await call('POST', `/containers/${id}/pause`)
        await call('POST', `/containers/${id}/stop?t=5`)
        await call('POST', `/containers/${id}/start`)
        await call('DELETE', `/containers/${id}?force=1`)
        const start = ['network connect', 'container start']
        const end = ['network disconnect', 'container stop']
        await expect
          .poll(() => told(sinceMs, id))
          .toEqual(
            [
              'container create',
              start,
              ['container kill 15', 'container die 143', end],
              [start, 'container restart', 'container pause'],
              ['container kill 15', 'container unpause', 'container die 143', end],
              start,
              ['container kill 9', 'container die 137', 'network disconnect', 'container destroy'],
            ].flat(2),
          )
      })

      it('of a stop that has to kill, and of a start that fails', async () => {
        const sinceMs = Date.now()
        const Cmd = shell('trap "" TERM; while :; do /bin/busybox sleep 1; done')
        const stubborn = await run('told-stubborn', { Image: SHELL_IMAGE, Cmd, HostConfig: { NetworkMode: world.network } })
        await call('POST', `/containers/${stubborn}/stop?t=1`)
        const broken = await create('told-broken', { User: 'nobody-knows' })
        expect((await call('POST', `/containers/${broken}/start`)).status).toBeGreaterThanOrEqual(400)
        await expect
          .poll(() => told(sinceMs, stubborn))
          .toEqual([
            'container create',
            'network connect',
            'container start',
            'container kill 15',
            'container kill 9',
            'container die 137',
            'network disconnect',
            'container stop',
          ])
        await expect.poll(() => told(sinceMs, broken)).toEqual(['container create', 'network connect', 'network disconnect'])
        const { State } = await world.docker.getContainer(broken).inspect()
        expect(State).toMatchObject({ Status: 'created', Running: false, StartedAt: '0001-01-01T00:00:00Z' })
        for (const id of [stubborn, broken]) await call('DELETE', `/containers/${id}`)
      })
    })
  })
}
