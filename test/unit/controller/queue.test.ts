import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Lane } from '../../../src/controller/queue.ts'
import { bench, mostAtOnce } from './queue-bench.ts'

describe('adding a key', () => {
  it('runs it once, however often it is added while it waits', async () => {
    const { queue, clock, keys } = bench({ workers: 1, tookMs: () => 100 })
    queue.add('busy')
    for (let time = 0; time < 5; time++) queue.add('g')
    expect(queue.depth).toBe(1)
    await clock.advance(1_000)
    expect(keys()).toEqual(['busy', 'g'])
  })

  it('runs it once more when it was added while being worked on', async () => {
    const { queue, clock, runs } = bench({ tookMs: () => 100 })
    queue.add('g')
    await clock.advance(50)
    for (let time = 0; time < 5; time++) queue.add('g')
    await clock.advance(1_000)
    expect(runs.map(({ startMs }) => startMs - 1_000_000)).toEqual([0, 100])
  })

  it('is not lost when the pass under way adds its own key', async () => {
    const { queue, clock, keys } = bench({
      work: (key) => {
        if (seen.size < 3) queue.add(key)
        seen.add(seen.size)
        return Promise.resolve(null)
      },
    })
    const seen = new Set<number>()
    queue.add('g')
    await clock.advance(0)
    expect([seen.size, keys()]).toEqual([4, []])
  })

  it('runs again as live when any of the adds meanwhile was live', async () => {
    const { queue, clock, runs } = bench({ tookMs: () => 100 })
    queue.add('g')
    queue.add('g', 'live')
    queue.add('g', 'resync')
    await clock.advance(1_000)
    expect(runs.map((run) => run.lane)).toEqual(['live', 'live'])
  })

  it('goes behind those that wait already, so that a game which never rests lets the others through', async () => {
    const { queue, clock, keys } = bench({ workers: 1, tookMs: () => 10 })
    queue.add('restless')
    for (const key of ['a', 'b']) queue.add(key)
    queue.add('restless')
    await clock.advance(100)
    expect(keys()).toEqual(['restless', 'a', 'b', 'restless'])
  })
})

describe('lanes (L3)', () => {
  it('let live keys go first', async () => {
    const { queue, clock, keys } = bench({ workers: 1, tookMs: () => 10 })
    queue.add('busy')
    for (const key of ['r1', 'r2']) queue.add(key, 'resync')
    for (const key of ['l1', 'l2']) queue.add(key)
    await clock.advance(100)
    expect(keys()).toEqual(['busy', 'l1', 'l2', 'r1', 'r2'])
  })

  it('lift a key out of the resync lane when it is added live, and run it once', async () => {
    const { queue, clock, runs } = bench({ workers: 1, tookMs: () => 10 })
    queue.add('busy')
    for (const key of ['a', 'g']) queue.add(key, 'resync')
    queue.add('g')
    queue.add('g', 'resync')
    await clock.advance(100)
    expect(runs.map(({ key, lane }) => `${key} ${lane}`)).toEqual(['busy live', 'g live', 'a resync'])
  })

  it('give resync keys their turn under live changes that never end', async () => {
    const { queue, clock, runs } = bench({ workers: 1, tookMs: () => 10 })
    for (let game = 0; game < 10; game++) queue.add(`resync-${game}`, 'resync')
    for (let time = 0; time < 60; time++) {
      for (let game = 0; game < 5; game++) queue.add(`live-${game}`)
      await clock.advance(10)
    }
    const lanes = runs.map((run) => run.lane)
    expect(lanes.filter((lane) => lane === 'resync')).toHaveLength(10)
    expect(lanes.slice(0, 50).filter((lane) => lane === 'live').length).toBeGreaterThanOrEqual(39)
  })

  it('give live keys their turn under a resync of everything', async () => {
    const { queue, clock, runs } = bench({ workers: 1, tookMs: () => 10 })
    for (let game = 0; game < 1_000; game++) queue.add(`resync-${game}`, 'resync')
    await clock.advance(95)
    queue.add('live')
    await clock.advance(25)
    expect(runs.find((run) => run.key === 'live')).toBeDefined()
  })
})

describe('slow passes (L2)', () => {
  it('give their slot to others: eight hung games do not hold up the ninth', async () => {
    const { queue, clock, keys } = bench({ tookMs: (key) => (key.startsWith('hung') ? Number.POSITIVE_INFINITY : 0) })
    for (let game = 0; game < 8; game++) queue.add(`hung-${game}`)
    queue.add('ninth')
    await clock.advance(999)
    expect(keys()).not.toContain('ninth')
    await clock.advance(1)
    expect(keys()).toContain('ninth')
    expect(queue.inFlight).toBe(8)
  })

  it('keep their key: nobody else works on the same game meanwhile', async () => {
    const { queue, clock, keys } = bench({ tookMs: () => 60_000 })
    queue.add('g')
    await clock.advance(30_000)
    queue.add('g')
    await clock.advance(20_000)
    expect(keys()).toEqual(['g'])
    await clock.advance(10_000)
    expect(keys()).toEqual(['g', 'g'])
  })

  it('never give back the same slot twice', async () => {
    const { queue, clock, runs } = bench({ workers: 2, maxInFlight: 100, tookMs: (key) => (key.startsWith('slow') ? 1_500 : 900) })
    for (let game = 0; game < 2; game++) queue.add(`slow-${game}`)
    await clock.advance(2_000)
    for (let game = 0; game < 20; game++) queue.add(`quick-${game}`)
    await clock.advance(20_000)
    expect(runs).toHaveLength(22)
    expect(mostAtOnce(runs)).toBe(2)
  })

  it('are bounded in all', async () => {
    const { queue, clock } = bench({ workers: 8, maxInFlight: 16, tookMs: () => Number.POSITIVE_INFINITY })
    for (let game = 0; game < 100; game++) queue.add(`g${game}`)
    await clock.advance(10_000)
    expect([queue.inFlight, queue.depth]).toEqual([16, 84])
  })
})

describe('a pass that rejects', () => {
  it('row 49: costs its own key a pause, and the others nothing', async () => {
    const seen: string[] = []
    const { queue, clock } = bench({
      workers: 1,
      work: (key) => {
        seen.push(key)
        return key === 'bad' ? Promise.reject(new Error('bug')) : Promise.resolve(null)
      },
    })
    for (const key of ['bad', 'good']) queue.add(key)
    await clock.advance(29_999)
    expect(seen).toEqual(['bad', 'good'])
    await clock.advance(1)
    expect(seen).toEqual(['bad', 'good', 'bad'])
    expect(queue.inFlight).toBe(0)
  })

  it('still runs at once when something new came meanwhile', async () => {
    const seen: string[] = []
    const { queue, clock } = bench({
      work: async (key) => {
        seen.push(key)
        if (seen.length === 1) queue.add(key)
        await Promise.reject(new Error('bug'))
        return null
      },
    })
    queue.add('bad')
    await clock.advance(0)
    expect(seen).toEqual(['bad', 'bad'])
  })
})

describe('stopping', () => {
  it('waits for the passes under way and begins no other', async () => {
    const { queue, clock, keys } = bench({ workers: 1, tookMs: () => 500 })
    for (const key of ['a', 'b']) queue.add(key)
    queue.add('a')
    queue.wakeAt('c', clock.nowMs() + 100)
    let isStopped = false
    const stopped = queue.stop().then(() => {
      isStopped = true
    })
    queue.add('d')
    await clock.advance(499)
    expect(isStopped).toBe(false)
    await clock.advance(10_000)
    await stopped
    expect([keys(), clock.timers, queue.depth, queue.inFlight]).toEqual([['a'], 0, 0, 0])
  })

  it('is immediate when nothing is under way, and can be asked for twice', async () => {
    const { queue } = bench()
    await Promise.all([queue.stop(), queue.stop()])
    expect(queue.inFlight).toBe(0)
  })
})

it('tells how long the first key has waited', async () => {
  const { queue, clock } = bench({ workers: 1, tookMs: () => 900 })
  expect(queue.longestWaitMs).toBe(0)
  queue.add('busy')
  queue.add('r', 'resync')
  await clock.advance(300)
  queue.add('l')
  await clock.advance(100)
  expect(queue.longestWaitMs).toBe(400)
})

it('tells at each beginning how long the key had waited in its lane', async () => {
  const begun: [string, number][] = []
  const { queue, clock } = bench({ workers: 1, tookMs: () => 100, onBegin: (lane, waitedMs) => void begun.push([lane, waitedMs]) })
  queue.add('busy')
  queue.add('r', 'resync')
  await clock.advance(30)
  queue.add('l')
  queue.add('l')
  await clock.advance(1_000)
  expect(begun).toEqual([
    ['live', 0],
    ['live', 70],
    ['resync', 200],
  ])
})

interface Add {
  readonly key: string
  readonly lane: Lane
  readonly afterMs: number
}

const adds: fc.Arbitrary<readonly Add[]> = fc.array(
  fc.record({ key: fc.constantFrom('a', 'b', 'c', 'd', 'e'), lane: fc.constantFrom<Lane[]>('live', 'resync'), afterMs: fc.nat(30) }),
  { maxLength: 40 },
)

it('whatever is added when: a pass begins after every add, one at a time per key, and all of them end', async () => {
  await fc.assert(
    fc.asyncProperty(
      adds,
      fc.array(fc.nat(60), { minLength: 1, maxLength: 10 }),
      fc.integer({ min: 1, max: 3 }),
      async (history, durations, workers) => {
        let nth = 0
        const { queue, clock, runs } = bench({
          workers,
          lendAfterMs: 25,
          maxInFlight: 4,
          tookMs: () => durations[nth++ % durations.length] ?? 0,
        })
        const added: { readonly key: string; readonly runsBefore: number }[] = []
        for (const { key, lane, afterMs } of history) {
          await clock.advance(afterMs)
          added.push({ key, runsBefore: runs.length })
          queue.add(key, lane)
        }
        await clock.advance(10_000)
        for (const { key, runsBefore } of added) expect(runs.slice(runsBefore).map((run) => run.key)).toContain(key)
        expect(runs.length).toBeLessThanOrEqual(history.length)
        for (const key of new Set(runs.map((run) => run.key))) expect(mostAtOnce(runs.filter((run) => run.key === key))).toBe(1)
        expect(mostAtOnce(runs)).toBeLessThanOrEqual(4)
        expect([queue.depth, queue.inFlight]).toEqual([0, 0])
      },
    ),
    { numRuns: 60 },
  )
})
