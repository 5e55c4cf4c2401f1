import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { ImageFacts } from '../../../src/model/image.ts'
import type { ObservedContainer } from '../../../src/model/observed.ts'
import { type FakeDocker, fakeDocker, type Told, worldOf } from './fake-docker.ts'
import { event, neverStarted, ranFrom, runningSince } from './told.ts'

const running = runningSince(1)
const other = runningSince(1, { id: 'c2', gameId: 'h' })
const never = new AbortController().signal
const all = (): boolean => true
const none = (): boolean => false
const image = (id: string, ...refs: string[]): ImageFacts => ({ id, refs, labels: {} })

let told: Told | null = null
beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(async () => {
  await told?.stop()
  told = null
  vi.useRealTimers()
})

const pass = (ms = 0): Promise<unknown> => vi.advanceTimersByTimeAsync(ms)

/** A world that has been read once, and has nothing to tell yet. */
async function known(docker: FakeDocker, over: Parameters<typeof worldOf>[1] = {}): Promise<Told> {
  told = worldOf(docker, over)
  told.world.start()
  await pass()
  docker.calls.length = 0
  told.changed.length = 0
  return told
}

describe('the beginning', () => {
  it('opens the stream, then lists, and only then is anything known', async () => {
    const docker = fakeDocker(running, other)
    const answer = docker.hold('list')
    told = worldOf(docker)
    told.world.start()
    await pass()
    expect(docker.calls).toEqual(['events', 'images', 'network', 'list'])
    expect([told.world.isKnown, told.world.game('g')]).toEqual([
      false,
      { isKnown: false, containers: [], foreignDeployments: [], outage: null },
    ])
    answer()
    await pass()
    expect(told.world.game('g')).toMatchObject({ isKnown: true, containers: [{ id: 'c1', detail: null }] })
    expect([told.changed, told.reachable, told.world.containerCount]).toEqual([['g', 'h'], [true], 2])
  })

  it('misses nothing that happens between the stream and the list', async () => {
    const docker = fakeDocker()
    const answer = docker.hold('list')
    const { world, changed } = await known(docker)
    docker.containers.set('c1', neverStarted)
    docker.tell(event('create', 0))
    answer()
    await pass()
    expect(changed).toContain('g')
    await world.refresh('g', none, never)
    expect(world.game('g').containers).toHaveLength(1)
  })

  it('tells of a daemon that is down once, keeps asking ever more slowly, and then tells that it is back', async () => {
    const docker = fakeDocker(running)
    docker.fail('events', new Error('no such file'))
    const { world, reachable } = await known(docker)
    const startMs = Date.now()
    await pass(20_000)
    expect([reachable, world.isKnown]).toEqual([[false], false])
    const tries = docker.calls.length
    expect(tries).toBeGreaterThan(6)
    expect(tries).toBeLessThan(12)
    docker.fail('events', null)
    await pass(5_000)
    expect(reachable).toEqual([false, true])
    expect(world.game('g')).toMatchObject({ isKnown: true, outage: { fromMs: startMs } })
  })

  it.each(['images', 'network', 'list'] as const)('needs its %s to be read as well', async (kind) => {
    const docker = fakeDocker(running)
    docker.fail(kind, new Error('500'))
    const { world } = await known(docker)
    expect([world.isKnown, docker.openStreams]).toEqual([false, 0])
    docker.fail(kind, null)
    await pass(200)
    expect([world.isKnown, docker.openStreams]).toEqual([true, 1])
  })
})

describe('when the stream ends', () => {
  it('reconnects, lists, and tells what changed meanwhile', async () => {
    const docker = fakeDocker(running, other)
    const { world, changed, reachable } = await known(docker)
    const endMs = Date.now()
    docker.endStream()
    await pass()
    expect([world.isKnown, docker.calls]).toEqual([false, []])
    docker.containers.delete('c2')
    await pass(100)
    expect(docker.calls).toEqual(['events', 'images', 'network', 'list'])
    expect(world.game('g')).toMatchObject({ isKnown: true, outage: { fromMs: endMs, toMs: endMs + 100 } })
    expect(new Set(changed)).toEqual(new Set(['g', 'h']))
    expect([reachable, docker.openStreams]).toEqual([[true, false, true], 1])
  })

  it('waits longer after each failure, and not after a success', async () => {
    const docker = fakeDocker(running)
    await known(docker)
    docker.fail('events', new Error('refused'))
    docker.endStream()
    const triesIn = async (ms: number): Promise<number> => {
      docker.calls.length = 0
      await pass(ms)
      return docker.calls.length
    }
    expect([await triesIn(100), await triesIn(199), await triesIn(1), await triesIn(399), await triesIn(1)]).toEqual([1, 0, 1, 0, 1])
    docker.fail('events', null)
    await pass(800)
    docker.endStream()
    expect(await triesIn(100)).toBe(4)
  })

  it('does not take a list for the truth that was asked for before the new stream was open', async () => {
    const docker = fakeDocker(running)
    const { world } = await known(docker)
    const answer = docker.hold('list')
    const early = world.relist()
    docker.endStream()
    docker.containers.set('c1', ranFrom(1, 50))
    await pass(100)
    expect(world.isKnown).toBe(false)
    answer()
    await early
    await pass()
    expect(docker.calls.filter((call) => call === 'list')).toHaveLength(2)
    expect(world.game('g')).toMatchObject({ isKnown: true, containers: [{ state: 'exited' }] })
  })
})

describe('a silent stream', () => {
  it('is nothing but a list while nothing changes', async () => {
    const docker = fakeDocker(running, other)
    const { world, changed } = await known(docker)
    await pass(60_000)
    expect([docker.calls, changed, world.game('g').outage]).toEqual([['list', 'list', 'list'], [], null])
  })

  it('that kept quiet about a change is closed and opened anew', async () => {
    const docker = fakeDocker(running, other)
    const { world, changed, reachable } = await known(docker)
    docker.containers.set('c1', ranFrom(1, 50))
    await pass(20_000)
    expect(changed).toEqual(['g'])
    expect(world.game('g').containers).toMatchObject([{ state: 'exited', detail: null }])
    await pass(100)
    expect([docker.calls, docker.openStreams, reachable]).toEqual([['list', 'events', 'images', 'network', 'list'], 1, [true, false, true]])
  })

  it('is not called dead for a change that it told and that no pass has looked at yet (L2)', async () => {
    const docker = fakeDocker(running, other)
    const { reachable } = await known(docker)
    docker.containers.set('c1', ranFrom(1, 50))
    docker.tell(event('die', 51))
    await pass(60_000)
    expect([reachable, docker.calls]).toEqual([[true], ['list', 'list', 'list']])
  })

  it('is one that says nothing at all: each event puts the list off', async () => {
    const docker = fakeDocker(running)
    await known(docker)
    for (let time = 0; time < 5; time++) {
      await pass(15_000)
      docker.tell(event('exec_start: sh', 51))
    }
    expect(docker.calls).toEqual([])
  })

  it.each([
    ['back', -3_600_000],
    ['forward', 3_600_000],
  ])('is noticed within its time also when the clock is set %s an hour', async (_, jumpMs) => {
    let offsetMs = 0
    const docker = fakeDocker(running)
    const { changed } = await known(docker, { nowMs: () => Date.now() + offsetMs })
    offsetMs = jumpMs
    docker.containers.set('c1', ranFrom(1, 50))
    await pass(20_000)
    expect(changed).toEqual(['g'])
    docker.calls.length = 0
    await pass(60_000)
    expect(docker.calls.filter((call) => call === 'list').length).toBeLessThanOrEqual(4)
  })

  it('without events, is all there is: a list each time, and changes are no reason to reconnect', async () => {
    const docker = fakeDocker(running, other)
    const { changed, reachable } = await known(docker, { useEvents: false })
    docker.containers.set('c1', ranFrom(1, 50))
    await pass(20_000)
    docker.containers.delete('c2')
    await pass(20_000)
    expect([docker.calls, changed, reachable]).toEqual([['list', 'list'], ['g', 'h'], [true]])
  })
})

describe('a list that fails', () => {
  it.each<readonly [string, (told: Told) => Promise<unknown>]>([
    ['after a silence', () => pass(20_000)],
    ['in a resync', ({ world }) => Promise.all([world.relist().catch(() => {}), pass()])],
  ])('%s makes the world unknown until one succeeds', async (_, ask) => {
    const docker = fakeDocker(running)
    const watched = await known(docker)
    const { world, reachable } = watched
    docker.fail('list', new Error('deadline'))
    await ask(watched)
    const lostMs = Date.now()
    expect([world.isKnown, reachable]).toEqual([false, [true, false]])
    expect(world.game('g').containers).toHaveLength(1)
    await pass(10_000)
    docker.fail('list', null)
    await pass(5_000)
    expect(reachable).toEqual([true, false, true])
    const { outage } = world.game('g')
    expect(outage?.fromMs).toBe(lostMs)
    expect(outage?.toMs).toBeGreaterThan(lostMs + 10_000)
  })

  it('tells whoever asked for it', async () => {
    const docker = fakeDocker(running)
    const { world } = await known(docker)
    docker.fail('list', new Error('deadline'))
    await expect(world.relist()).rejects.toThrow('deadline')
  })
})

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
    expect([world.image('engine:1')?.id, world.image('sha256:1')?.id, world.isNetworkPresent]).toEqual(['sha256:1', 'sha256:1', false])
    expect([docker.calls, changed]).toEqual([
      ['images', 'network'],
      ['g', 'g'],
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

describe('stopping', () => {
  it.each<readonly [string, (docker: FakeDocker) => void]>([
    ['while it listens', () => {}],
    ['while it waits to reconnect', (docker) => docker.fail('events', new Error('refused'))],
  ])('ends everything %s', async (_, prepare) => {
    const docker = fakeDocker(running)
    const { stop, reachable } = await known(docker)
    prepare(docker)
    if (reachable.length > 0) docker.endStream()
    await pass()
    await stop()
    expect([docker.openStreams, vi.getTimerCount()]).toEqual([0, 0])
  })
})
