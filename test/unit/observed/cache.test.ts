import { beforeEach, describe, expect, it } from 'vitest'
import type { ObservedContainer } from '../../../src/model/observed.ts'
import type { ContainerEvent } from '../../../src/model/runtime-event.ts'
import { ContainerCache } from '../../../src/observed/cache.ts'
import { event, neverStarted, ranFrom, runningSince } from './told.ts'

let cache: ContainerCache
beforeEach(() => {
  cache = new ContainerCache()
})

function inspect(id: string, answer: ObservedContainer | null): void {
  cache.inspectEnds(cache.inspectBegins(id), answer)
}

const stale = (): readonly string[] => cache.staleIds('g')
const states = (): readonly string[] => cache.of('g').map(({ id, state }) => `${id} ${state}`)

describe('our own calls', () => {
  const told = [event('create', 0), event('start', 10)]
  const orders: readonly (readonly [string, readonly (ContainerEvent | 'answer')[]])[] = [
    ['before the answer', [...told, 'answer']],
    ['after the answer', ['answer', ...told]],
    ['around the answer', [event('create', 0), 'answer', event('start', 10)]],
    ['in the wrong order', [event('start', 10), 'answer', event('create', 0)]],
    ['twice', [...told, 'answer', ...told]],
  ]

  it.each(orders)('create and start leave nothing to inspect when their events come %s', (_, order) => {
    for (const each of order) {
      if (each === 'answer') cache.learn(runningSince(9))
      else cache.hear(each)
    }
    expect(stale()).toEqual([])
    expect(states()).toEqual(['c1 running'])
  })

  it('start, after a crash that was inspected, leaves nothing to inspect', () => {
    cache.learn(ranFrom(1, 50))
    cache.hear(event('start', 101))
    cache.learn(runningSince(100))
    for (const late of [event('die', 51), event('start', 101), event('die', 51), event('start', 2)]) expect(cache.hear(late)).toBe(false)
    expect(stale()).toEqual([])
  })

  it('stop leaves nothing to inspect', () => {
    cache.learn(runningSince(1))
    for (const each of [event('kill', 50), event('die', 60), event('stop', 61)]) cache.hear(each)
    cache.learn(ranFrom(1, 59))
    for (const each of [event('kill', 50), event('die', 60), event('stop', 61), event('start', 2)]) expect(cache.hear(each)).toBe(false)
    expect(stale()).toEqual([])
  })

  it('remove leaves nothing to inspect, and late events of it are no news', () => {
    cache.learn(ranFrom(1, 59))
    cache.hear(event('destroy', 70))
    cache.forget('c1')
    for (const late of [event('die', 60), event('destroy', 70), event('start', 2), event('create', 0), event('oom', 55)])
      expect(cache.hear(late)).toBe(false)
    expect([states(), stale(), cache.size]).toEqual([[], [], 0])
  })
})

describe('events', () => {
  it('bring staleness, never facts', () => {
    cache.learn(runningSince(1))
    expect(cache.hear(event('die', 50))).toBe(true)
    expect(states()).toEqual(['c1 running'])
    expect(stale()).toEqual(['c1'])
    inspect('c1', ranFrom(1, 49))
    expect(states()).toEqual(['c1 exited'])
    expect(stale()).toEqual([])
  })

  it('of a container nobody knows make it worth an inspect', () => {
    expect(cache.hear(event('create', 0))).toBe(true)
    expect(stale()).toEqual(['c1'])
    expect(cache.staleIds('other')).toEqual([])
    inspect('c1', neverStarted)
    expect([states(), stale()]).toEqual([['c1 created'], []])
  })

  it('of a container that is gone by then end with the inspect', () => {
    cache.hear(event('create', 0))
    cache.hear(event('destroy', 10))
    inspect('c1', null)
    expect([states(), stale()]).toEqual([[], []])
    expect(cache.hear(event('create', 0))).toBe(false)
  })

  it('row 22: that come twice while an inspect is awaited are no news', () => {
    cache.learn(runningSince(1))
    expect(cache.hear(event('die', 50))).toBe(true)
    for (let time = 0; time < 1_000; time++) expect(cache.hear(event('die', 50))).toBe(false)
  })

  it('heard during an inspect stay open unless its answer shows them', () => {
    cache.learn(runningSince(1))
    cache.hear(event('die', 50))
    const inspection = cache.inspectBegins('c1')
    cache.hear(event('start', 61))
    cache.hear(event('die', 70))
    cache.inspectEnds(inspection, runningSince(60))
    expect(stale()).toEqual(['c1'])
    inspect('c1', ranFrom(60, 69))
    expect(stale()).toEqual([])
  })

  it('that no snapshot ever shows are settled by the inspect they caused', () => {
    cache.learn(runningSince(1))
    cache.hear(event('update', 50))
    inspect('c1', runningSince(1))
    expect(stale()).toEqual([])
  })
})

describe('out of memory', () => {
  const isOom = (): boolean | undefined => cache.of('g')[0]?.detail?.isOomKilled

  it('row 15: is known by its event where the flag is unset', () => {
    cache.learn(runningSince(1))
    cache.hear(event('oom', 40))
    cache.hear(event('die', 50))
    inspect('c1', ranFrom(1, 49))
    expect(isOom()).toBe(true)
  })

  it('is over with the next life', () => {
    cache.hear(event('oom', 40))
    cache.learn(runningSince(60))
    expect(isOom()).toBe(false)
  })

  it('is over with the next life also when the start was never told', () => {
    cache.learn(runningSince(1))
    cache.hear(event('oom', 40))
    inspect('c1', ranFrom(60, 90))
    expect(isOom()).toBe(false)
  })

  it('is not told of a new life by a late event of the old one', () => {
    cache.learn(runningSince(60))
    expect(cache.hear(event('oom', 40))).toBe(false)
    cache.learn(ranFrom(60, 90))
    expect(isOom()).toBe(false)
  })

  it('is not forgotten for a late start of the same life', () => {
    cache.learn(runningSince(1))
    cache.hear(event('oom', 40))
    cache.hear(event('start', 2))
    inspect('c1', ranFrom(1, 49))
    expect(isOom()).toBe(true)
  })
})

describe('an inspect', () => {
  it('that our own call has overtaken is dropped', () => {
    cache.learn(ranFrom(1, 50))
    const inspection = cache.inspectBegins('c1')
    cache.learn(runningSince(100))
    cache.inspectEnds(inspection, ranFrom(1, 50))
    expect(states()).toEqual(['c1 running'])
  })

  it('does not bring back what was removed meanwhile', () => {
    cache.learn(ranFrom(1, 50))
    const inspection = cache.inspectBegins('c1')
    cache.forget('c1')
    cache.inspectEnds(inspection, ranFrom(1, 50))
    expect(states()).toEqual([])
  })

  it('does not settle what was heard after another one', () => {
    cache.learn(runningSince(1))
    cache.hear(event('die', 50))
    const [early, late] = [cache.inspectBegins('c1'), cache.inspectBegins('c1')]
    cache.inspectEnds(late, ranFrom(1, 49))
    cache.hear(event('start', 61))
    cache.inspectEnds(early, ranFrom(1, 49))
    expect(stale()).toEqual(['c1'])
  })

  it('of a container that moved to another game by its labels moves it', () => {
    cache.learn(runningSince(1))
    cache.learn(runningSince(1, { gameId: 'h' }))
    expect([cache.of('g'), cache.of('h').length, [...cache.games()]]).toEqual([[], 1, ['h']])
  })
})

it('keeps bounded memory of what is gone', () => {
  for (let nth = 0; nth < 10_000; nth++) {
    const id = `c${nth}`
    cache.hear(event('create', nth, { id, gameId: id }))
    cache.hear(event('oom', nth, { id, gameId: id }))
    cache.learn(runningSince(nth, { id, gameId: id }))
    cache.forget(id)
  }
  expect([cache.size, [...cache.games()]]).toEqual([0, []])
  expect(cache.hear(event('die', 1, { id: 'c9999', gameId: 'c9999' }))).toBe(false)
  // So old that it is not remembered; an inspect then finds nothing.
  expect(cache.hear(event('die', 1, { id: 'c0', gameId: 'c0' }))).toBe(true)
})
