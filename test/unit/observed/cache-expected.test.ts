import { beforeEach, describe, expect, it } from 'vitest'
import { ContainerCache } from '../../../src/observed/cache.ts'
import { listed, runningSince } from './told.ts'

const known = runningSince(1, { id: 'a', gameId: 'g' })

let cache: ContainerCache
beforeEach(() => {
  cache = new ContainerCache()
  cache.expect('a', 'g')
})

function list(...ids: readonly 'a'[]) {
  cache.listBegins()
  return cache.listEnds({ ours: ids.map(() => listed(known)), otherDeployments: [] })
}

describe('a container that a record of an earlier term names', () => {
  it('is inspected where the first list does not show it: the list may be stale', () => {
    expect(list().changed).toEqual(new Set(['g']))
    expect(cache.staleIds('g')).toEqual(['a'])
    cache.inspectEnds(cache.inspectBegins('a'), known)
    expect(cache.of('g')).toEqual([known])
    expect(cache.staleIds('g')).toEqual([])
  })

  it('is waited for until an inspect has told, however many lists do not show it', () => {
    list()
    list()
    expect(cache.staleIds('g')).toEqual(['a'])
    cache.inspectEnds(cache.inspectBegins('a'), null)
    list()
    expect(cache.staleIds('g')).toEqual([])
    expect(cache.of('g')).toEqual([])
  })

  it('costs nothing where the list shows it', () => {
    list('a')
    expect(cache.staleIds('g')).toEqual([])
    expect(list('a')).toEqual({ changed: new Set(), untold: new Set() })
  })
})
