import { describe, expect, it } from 'vitest'
import type { ImageFacts } from '../../../src/model/image.ts'
import type { ObservedContainer } from '../../../src/model/observed.ts'
import { fakeDocker } from './fake-docker.ts'
import { event, ranFrom, runningSince } from './told.ts'
import { all, never, none, other, pass, running, watchedWorlds } from './watched-world.ts'

const image = (id: string, ...refs: string[]): ImageFacts => ({ id, refs, labels: {} })

const { known } = watchedWorlds()

describe('a resync', () => {
  it('in which nothing changed costs one list, no inspect, and tells nothing', async () => {
    const docker = fakeDocker(running, other)
    const { world, changed } = await known(docker)
    for (const gameId of ['g', 'h']) await world.refresh(gameId, all, never)
    docker.calls.length = 0
    expect(await world.relist()).toEqual(new Set())
    for (const gameId of ['g', 'h']) await world.refresh(gameId, all, never)
    expect([docker.calls, changed]).toEqual([['list'], []])
  })

  it('finds what the stream lost, and nothing else', async () => {
    const docker = fakeDocker(running, other)
    const { world } = await known(docker)
    docker.containers.set('c1', ranFrom(1, 50))
    expect(await world.relist()).toEqual(new Set(['g']))
    expect(await world.relist()).toEqual(new Set())
  })

  it('looks again for the image and the network that were missing, whose coming the stream may have lost', async () => {
    const docker = fakeDocker(running)
    docker.hasNetwork = false
    const { world } = await known(docker)
    expect(world.image('engine:1')).toBeNull()
    docker.images = [image('sha256:1', 'engine:1')]
    docker.hasNetwork = true
    await world.relist()
    expect([world.image('engine:1')?.id, world.network]).toEqual(['sha256:1', 'present'])
    docker.calls.length = 0
    await world.relist()
    expect(docker.calls).toEqual(['list'])
  })

  it('reads images and network every time where there is no stream to tell of them', async () => {
    const docker = fakeDocker(running)
    const { world } = await known(docker, { useEvents: false })
    docker.calls.length = 0
    await world.relist()
    expect(docker.calls.toSorted()).toEqual(['images', 'list', 'network'])
  })
})

describe('an event', () => {
  it('hands its game to the queue, and the look that follows inspects that container once', async () => {
    const docker = fakeDocker(running, other)
    const { world, changed } = await known(docker)
    docker.containers.set('c1', ranFrom(1, 50))
    docker.tell(event('die', 51))
    docker.tell(event('die', 51))
    expect(changed).toEqual(['g'])
    await world.refresh('g', none, never)
    await world.refresh('g', none, never)
    expect([docker.calls, world.game('g').containers[0]?.state]).toEqual([['inspect c1'], 'exited'])
  })

  it('that comes while its container is being inspected is looked at in the same look', async () => {
    const docker = fakeDocker(running)
    const { world } = await known(docker)
    docker.tell(event('update', 40))
    const answer = docker.hold('inspect')
    const look = world.refresh('g', none, never)
    docker.containers.set('c1', ranFrom(1, 50))
    docker.tell(event('die', 51))
    answer()
    await look
    expect([docker.calls, world.game('g').containers[0]?.state]).toEqual([['inspect c1', 'inspect c1'], 'exited'])
  })

  it('storm of one container does not keep its look from ending', async () => {
    const docker = fakeDocker(running)
    let atMs = 40
    const update = (): void => docker.tell(event('update', atMs++))
    const inspect = (id: string, signal: AbortSignal): Promise<ObservedContainer | null> => {
      update()
      return docker.source.inspect(id, signal)
    }
    const { world } = await known(docker, { source: { ...docker.source, inspect } })
    update()
    await world.refresh('g', none, never)
    expect(docker.calls).toHaveLength(3)
  })
})

describe('a look', () => {
  it('inspects what it needs to know more about, once', async () => {
    const docker = fakeDocker(running, ranFrom(1, 50, { id: 'c3' }))
    const { world } = await known(docker)
    const exited = ({ state }: ObservedContainer): boolean => state === 'exited'
    await world.refresh('g', exited, never)
    await world.refresh('g', exited, never)
    expect(docker.calls).toEqual(['inspect c3'])
  })

  it('for a dry run, at the same time as a pass, cannot undo what the pass did', async () => {
    const docker = fakeDocker(ranFrom(1, 50))
    const { world } = await known(docker)
    const answer = docker.hold('inspect')
    const preview = world.refresh('g', all, never)
    docker.containers.set('c1', runningSince(100))
    world.learn(runningSince(100))
    answer()
    await preview
    expect(world.game('g').containers).toMatchObject([{ state: 'running' }])
  })

  it('that gets no answer leaves its container to be looked at again', async () => {
    const docker = fakeDocker(running)
    const { world } = await known(docker)
    docker.tell(event('die', 51))
    docker.fail('inspect', new Error('deadline'))
    await expect(world.refresh('g', none, never)).rejects.toThrow('deadline')
    docker.fail('inspect', null)
    docker.calls.length = 0
    await world.refresh('g', none, never)
    expect(docker.calls).toEqual(['inspect c1'])
  })

  it('sets aside a container of another deployment that an event told of (S2)', async () => {
    const docker = fakeDocker()
    const { world } = await known(docker)
    docker.containers.set('c1', { ...running, labels: { ...running.labels, deployment: 'elsewhere' } })
    docker.tell(event('start', 2))
    await world.refresh('g', all, never)
    expect(world.game('g')).toMatchObject({ containers: [], foreignDeployments: [{ id: 'c1' }] })
  })
})

describe('images and network', () => {
  it('are read again when an event tells of them, and every game is looked at', async () => {
    const docker = fakeDocker(running)
    const { world, changed } = await known(docker)
    docker.images = [image('sha256:1', 'engine:1')]
    docker.tell({ kind: 'image', action: 'pull', name: 'engine:1' })
    docker.hasNetwork = false
    docker.tell({ kind: 'network', action: 'destroy', name: 'galaxy' })
    await pass()
    expect([world.image('engine:1')?.id, world.image('sha256:1')?.id, world.network]).toEqual(['sha256:1', 'sha256:1', 'missing'])
    expect([docker.calls, changed]).toEqual([
      ['images', 'network'],
      ['all', 'all'],
    ])
  })

  it.each([
    ['another network', { kind: 'network', action: 'destroy', name: 'other' } as const],
    ['a container joining ours', { kind: 'network', action: 'connect', name: 'galaxy' } as const],
  ])('are not read for %s', async (_, hostEvent) => {
    const docker = fakeDocker(running)
    const { changed } = await known(docker)
    docker.tell(hostEvent)
    await pass()
    expect([docker.calls, changed]).toEqual([[], []])
  })

  it('are read once for a burst of events that comes while they are being read, and the last reading counts', async () => {
    const docker = fakeDocker(running)
    const { world } = await known(docker)
    const answer = docker.hold('images')
    for (let time = 0; time < 50; time++) docker.tell({ kind: 'image', action: 'tag', name: 'engine:1' })
    docker.images = [image('sha256:2', 'engine:1')]
    answer()
    await pass()
    expect([docker.calls, world.image('engine:1')?.id]).toEqual([['images', 'images'], 'sha256:2'])
  })

  it('that a pull of ours brought are not lost to a reading that began before it', async () => {
    const docker = fakeDocker(running)
    docker.images = [image('sha256:1', 'engine:latest')]
    const { world } = await known(docker)
    const answer = docker.hold('images')
    const reading = world.readImages()
    world.learnImage(image('sha256:2', 'engine:latest'))
    answer()
    await reading
    expect([world.image('engine:latest')?.id, world.image('sha256:1')?.refs]).toEqual(['sha256:2', []])
  })

  it('that cannot be read make the world unknown', async () => {
    const docker = fakeDocker(running)
    const { reachable } = await known(docker)
    docker.fail('images', new Error('500'))
    docker.tell({ kind: 'image', action: 'pull', name: 'engine:1' })
    await pass()
    expect(reachable).toEqual([true, false])
  })
})

describe('before a container is talked to', () => {
  it('it is inspected, unless it was a moment ago: its address may be another container’s by now', async () => {
    const docker = fakeDocker(running)
    const { world } = await known(docker)
    await world.refresh('g', all, never)
    docker.calls.length = 0
    await pass(5_000)
    expect(await world.confirm('g', 'c1', never)).toMatchObject({ id: 'c1', state: 'running' })
    expect(docker.calls).toEqual([])
    // Its end is told by no event.
    docker.containers.set('c1', ranFrom(1, 50))
    await pass(1)
    expect(await world.confirm('g', 'c1', never)).toMatchObject({ id: 'c1', state: 'exited', addresses: {} })
    expect(docker.calls).toEqual(['inspect c1'])
    expect(world.game('g').containers).toMatchObject([{ state: 'exited' }])
  })

  it('a list’s word alone does not do', async () => {
    const docker = fakeDocker(running)
    const { world } = await known(docker)
    docker.calls.length = 0
    await world.confirm('g', 'c1', never)
    expect(docker.calls).toEqual(['inspect c1'])
  })

  it('what one of our calls brought along does', async () => {
    const docker = fakeDocker(running)
    const { world } = await known(docker)
    world.learn(runningSince(1))
    docker.calls.length = 0
    expect(await world.confirm('g', 'c1', never)).toMatchObject({ id: 'c1' })
    expect(docker.calls).toEqual([])
  })

  it('it may turn out to be gone', async () => {
    const docker = fakeDocker(running)
    const { world } = await known(docker)
    docker.containers.delete('c1')
    expect(await world.confirm('g', 'c1', never)).toBeNull()
  })
})

describe('of several that are up', () => {
  const copy = runningSince(2, { id: 'c3', name: 'galaxy-game-g-copy' })

  it('each is inspected, so that none is stopped beside one that has ended unseen', async () => {
    const docker = fakeDocker(running, copy)
    const { world } = await known(docker)
    docker.calls.length = 0
    docker.containers.set('c1', ranFrom(1, 50))
    await world.confirmRivals('g', never)
    expect(docker.calls).toEqual(['inspect c1', 'inspect c3'])
    expect(world.game('g').containers.map(({ id, state }) => `${id} ${state}`)).toEqual(['c1 exited', 'c3 running'])
  })

  it('one alone is not asked for', async () => {
    const docker = fakeDocker(running, other)
    const { world } = await known(docker)
    docker.calls.length = 0
    await world.confirmRivals('g', never)
    expect(docker.calls).toEqual([])
  })
})
