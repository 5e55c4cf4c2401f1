import { beforeEach, describe, expect, it } from 'vitest'
import type { ObservedContainer } from '../../../src/model/observed.ts'
import { ContainerCache } from '../../../src/observed/cache.ts'
import { event, listed, ranFrom, runningSince } from './told.ts'

let cache: ContainerCache
beforeEach(() => {
  cache = new ContainerCache()
})

function list(...ours: readonly ObservedContainer[]) {
  return cache.listEnds({ ours: ours.map(listed), otherDeployments: [] })
}

function inspect(id: string, answer: ObservedContainer | null): void {
  cache.inspectEnds(cache.inspectBegins(id), answer)
}

const stale = (): readonly string[] => cache.staleIds('g')

describe('a list', () => {
  const a = runningSince(1, { id: 'a', gameId: 'a' })
  const b = runningSince(1, { id: 'b', gameId: 'b' })

  it('in which nothing changed tells nothing and keeps what inspects told', () => {
    cache.learn(a)
    cache.learn(b)
    const before = cache.of('a')[0]
    cache.listBegins()
    expect(list(a, b)).toEqual({ changed: new Set(), untold: new Set() })
    expect(cache.of('a')[0]).toBe(before)
  })

  it.each<readonly [string, ObservedContainer]>([
    ['has exited', ranFrom(1, 50, { id: 'a', gameId: 'a' })],
    ['has another name', { ...a, name: 'other' }],
    ['has another address', { ...a, addresses: { galaxy: '172.18.0.9' } }],
    ['has become unhealthy', { ...a, dockerHealth: 'unhealthy' }],
    ['is on another network', { ...a, addresses: { ...a.addresses, other: '172.19.0.2' } }],
  ])('finds what events did not tell: a container that %s', (_, now) => {
    cache.learn(a)
    cache.learn(b)
    cache.listBegins()
    expect(list(now, b)).toEqual({ changed: new Set(['a']), untold: new Set(['a']) })
    expect(cache.of('a').map(({ state, name, detail }) => ({ state, name, detail }))).toEqual([
      { state: now.state, name: now.name, detail: null },
    ])
  })

  it('row 23: is not believed that a container is gone: an inspect has to say so (S1)', () => {
    cache.learn(a)
    cache.learn(b)
    cache.listBegins()
    expect(list(b)).toEqual({ changed: new Set(['a']), untold: new Set(['a']) })
    expect([cache.of('a').length, cache.staleIds('a')]).toEqual([1, ['a']])
    inspect('a', a)
    expect([cache.of('a').length, cache.staleIds('a')]).toEqual([1, []])
    cache.listBegins()
    list(b)
    inspect('a', null)
    expect([cache.of('a').length, cache.staleIds('a')]).toEqual([0, []])
  })

  it('finds a container nobody told of', () => {
    cache.listBegins()
    expect(list(a).untold).toEqual(new Set(['a']))
    expect(cache.size).toBe(1)
  })

  it('names the games whose events still wait, but does not call them untold', () => {
    cache.learn(a)
    cache.hear(event('die', 50, { id: 'a', gameId: 'a' }))
    cache.listBegins()
    expect(list(ranFrom(1, 49, { id: 'a', gameId: 'a' }))).toEqual({ changed: new Set(['a']), untold: new Set() })
  })

  it('does not roll back what our calls did after it was asked for', () => {
    cache.learn(ranFrom(1, 50, { id: 'a', gameId: 'a' }))
    cache.learn(b)
    cache.listBegins()
    cache.learn(runningSince(100, { id: 'a', gameId: 'a' }))
    cache.learn(runningSince(100, { id: 'c', gameId: 'c' }))
    cache.forget('b')
    expect(list(ranFrom(1, 50, { id: 'a', gameId: 'a' }), b).changed).toEqual(new Set())
    expect(cache.of('a')[0]?.state).toBe('running')
    expect([cache.of('b'), cache.of('c').length]).toEqual([[], 1])
  })

  it('does not roll back what an inspect showed after it was asked for', () => {
    cache.learn(a)
    cache.listBegins()
    cache.hear(event('die', 50, { id: 'a', gameId: 'a' }))
    inspect('a', ranFrom(1, 49, { id: 'a', gameId: 'a' }))
    expect(list(a).changed).toEqual(new Set())
    expect(cache.of('a')[0]?.state).toBe('exited')
  })

  it('does not settle an event that came while it was awaited', () => {
    cache.listBegins()
    cache.hear(event('create', 0))
    expect(list().changed).toEqual(new Set(['g']))
    expect(stale()).toEqual(['c1'])
  })

  it('settles events of an unknown container that came before it and that is not listed', () => {
    cache.hear(event('create', 0))
    cache.listBegins()
    expect(list().changed).toEqual(new Set(['g']))
    expect(stale()).toEqual([])
    cache.listBegins()
    expect(list().changed).toEqual(new Set())
  })

  it('forgets what is not in it and cannot be inspected, for good', () => {
    cache.learn(a)
    cache.listBegins()
    list()
    inspect('a', null)
    expect(cache.hear(event('die', 50, { id: 'a', gameId: 'a' }))).toBe(false)
    expect([...cache.games()]).toEqual([])
  })

  it('that failed leaves the next one whole', () => {
    cache.learn(a)
    cache.listBegins()
    cache.learn(b)
    cache.listBegins()
    expect(list().changed).toEqual(new Set(['a', 'b']))
  })
})
