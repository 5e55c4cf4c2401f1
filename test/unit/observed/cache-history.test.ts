import fc from 'fast-check'
import { beforeEach, expect, it } from 'vitest'
import type { ObservedContainer } from '../../../src/model/observed.ts'
import type { ContainerEvent } from '../../../src/model/runtime-event.ts'
import { ContainerCache } from '../../../src/observed/cache.ts'
import { event, listed, neverStarted, ranFrom, runningSince, START_MS } from './told.ts'

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
const states = (): readonly string[] => cache.of('g').map(({ id, state }) => `${id} ${state}`)

type Step = 'start' | 'die' | 'destroy' | 'hear' | 'hear_again' | 'lose' | 'inspect' | 'list' | 'list_begins' | 'list_ends'
const STEPS = ['start', 'die', 'destroy', 'hear', 'hear_again', 'lose', 'inspect', 'list', 'list_begins', 'list_ends'] as const

/** One container's life at a daemon, and what is told of it: late, twice, in part. */
function daemon() {
  let nowMs = 0
  let truth: ObservedContainer | null = neverStarted
  const untold: ContainerEvent[] = [event('create', 0)]
  const told: ContainerEvent[] = []
  let answer: readonly ObservedContainer[] | null = null
  const act = (step: Step): void => {
    nowMs += 10
    switch (step) {
      case 'start':
        if (truth === null || truth.state === 'running') return
        truth = runningSince(nowMs)
        untold.push(event('start', nowMs + 1))
        return
      case 'die':
        if (truth?.state !== 'running') return
        truth = ranFrom((truth.detail?.startedAtMs ?? 0) - START_MS, nowMs)
        untold.push(event('die', nowMs + 1))
        return
      case 'destroy':
        if (truth === null || truth.state === 'running') return
        truth = null
        untold.push(event('destroy', nowMs))
        return
      case 'hear': {
        const next = untold.shift()
        if (next === undefined) return
        told.push(next)
        cache.hear(next)
        return
      }
      case 'hear_again':
        for (const again of told.toReversed()) cache.hear(again)
        return
      case 'lose':
        untold.shift()
        return
      case 'inspect':
        for (const id of stale()) inspect(id, truth)
        return
      case 'list':
        cache.listBegins()
        list(...all())
        answer = null
        return
      case 'list_begins':
        cache.listBegins()
        answer = all()
        return
      case 'list_ends':
        if (answer !== null) list(...answer)
        answer = null
    }
  }
  const all = (): readonly ObservedContainer[] => (truth === null ? [] : [truth])
  return { act, all, now: () => all().map(({ id, state }) => `${id} ${state}`) }
}

it('rows 20, 21 and 22: after any history of lost, late and doubled events, a list and the inspects it asks for show the truth, and then nothing is news', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...STEPS), { maxLength: 40 }), (history) => {
      cache = new ContainerCache()
      const { act, now, all } = daemon()
      for (const step of history) act(step)
      for (const step of ['list_ends', 'list', 'inspect'] as const) act(step)
      expect(states()).toEqual(now())
      expect(stale()).toEqual([])
      cache.listBegins()
      expect(list(...all()).changed).toEqual(new Set())
    }),
    { numRuns: 500 },
  )
})

it('after any history in which every event is heard at last, the inspects they ask for show the truth without a list', () => {
  const steps = STEPS.filter((step) => step !== 'lose')
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...steps), { maxLength: 40 }), (history) => {
      cache = new ContainerCache()
      const { act, now } = daemon()
      for (const step of history) act(step)
      act('list_ends')
      for (let time = 0; time < 50; time++) act('hear')
      act('inspect')
      expect(states()).toEqual(now())
    }),
    { numRuns: 500 },
  )
})
