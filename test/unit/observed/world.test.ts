import { describe, expect, it, vi } from 'vitest'
import { systemClock } from '../../../src/clock.ts'
import { type FakeDocker, fakeDocker, type Told } from './fake-docker.ts'
import { event, neverStarted, ranFrom } from './told.ts'
import { never, none, other, pass, running, watchedWorlds } from './watched-world.ts'

const { known, started } = watchedWorlds()

describe('the beginning', () => {
  it('opens the stream, then lists, and only then is anything known', async () => {
    const docker = fakeDocker(running, other)
    const answer = docker.hold('list')
    const told = await started(docker)
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

  it('row 25: tells of a daemon that is down for ten minutes once, keeps asking ever more slowly, and then tells that it is back', async () => {
    const docker = fakeDocker(running)
    docker.fail('events', new Error('no such file'))
    const { world, reachable } = await known(docker)
    const startMs = Date.now()
    await pass(20_000)
    const tries = docker.calls.length
    expect(tries).toBeGreaterThan(6)
    expect(tries).toBeLessThan(12)
    await pass(580_000)
    expect(docker.calls.length - tries).toBeLessThanOrEqual(116)
    expect([reachable, world.isKnown]).toEqual([[false], false])
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
  it('row 18: reconnects, lists, and tells what changed meanwhile', async () => {
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
    // The others are looked at behind what changes live: at every reachable world, in the resync lane.
    expect(changed).toEqual(['h'])
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

  it('row 19: that kept quiet about a change is closed and opened anew', async () => {
    const docker = fakeDocker(running, other)
    const { world, changed, silent } = await known(docker)
    docker.containers.set('c1', ranFrom(1, 50))
    await pass(20_000)
    expect([changed, silent]).toEqual([['g'], ['g']])
    expect(world.game('g').containers).toMatchObject([{ state: 'exited', detail: null }])
    await pass(100)
    expect([docker.calls, docker.openStreams]).toEqual([['list', 'events', 'images', 'network', 'list'], 1])
  })

  it('is no outage: Docker was there all the time, and what failed meanwhile failed by itself (L2)', async () => {
    const docker = fakeDocker(running)
    const { world, reachable } = await known(docker)
    docker.containers.set('c1', ranFrom(1, 50))
    await pass(20_000)
    expect(world.game('g')).toMatchObject({ isKnown: true, outage: null })
    docker.fail('events', new Error('refused'))
    await pass(100)
    expect(world.isKnown).toBe(false)
    docker.fail('events', null)
    await pass(200)
    expect(reachable).toEqual([true, false, true])
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
  ])('rows 19 and 43: is noticed within its time also when the clock is set %s an hour', async (_, jumpMs) => {
    let offsetMs = 0
    const docker = fakeDocker(running)
    const { changed } = await known(docker, { clock: { ...systemClock, nowMs: () => Date.now() + offsetMs } })
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
