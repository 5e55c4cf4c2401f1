import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { WakeHeap } from '../../../src/controller/wake-heap.ts'

type Step = { readonly do: 'set'; readonly key: string; readonly atMs: number | null } | { readonly do: 'take'; readonly nowMs: number }

const key = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f')
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('set' as const), key, atMs: fc.option(fc.nat(50), { freq: 4 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('take' as const), nowMs: fc.nat(50) }) },
)

describe('WakeHeap', () => {
  it('does what a sorted map does', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
        const heap = new WakeHeap()
        const model = new Map<string, number>()
        for (const each of steps) {
          if (each.do === 'set') {
            heap.set(each.key, each.atMs)
            if (each.atMs === null) model.delete(each.key)
            else model.set(each.key, each.atMs)
          } else {
            const due = [...model].filter(([, atMs]) => atMs <= each.nowMs)
            const taken = heap.takeDue(each.nowMs)
            expect([...taken].sort()).toEqual(due.map(([dueKey]) => dueKey).sort())
            const times = taken.map((takenKey) => model.get(takenKey) ?? Number.NaN)
            expect(times).toEqual([...times].sort((a, b) => a - b))
            for (const [dueKey] of due) model.delete(dueKey)
          }
          expect(heap.size).toBe(model.size)
          expect(heap.nextMs()).toBe(model.size === 0 ? null : Math.min(...model.values()))
        }
      }),
    )
  })

  it('keeps one entry per key, however often its time is moved', () => {
    const heap = new WakeHeap()
    for (let atMs = 100_000; atMs > 0; atMs--) heap.set(`game-${atMs % 10}`, atMs)
    expect(heap.size).toBe(10)
    expect(heap.takeDue(100_000)).toEqual([
      'game-1',
      'game-2',
      'game-3',
      'game-4',
      'game-5',
      'game-6',
      'game-7',
      'game-8',
      'game-9',
      'game-0',
    ])
    expect(heap.takeDue(Number.MAX_SAFE_INTEGER)).toEqual([])
  })

  it('forgets a time that was set, moved away and set again only once', () => {
    const heap = new WakeHeap()
    heap.set('g', 5)
    heap.set('g', 10)
    heap.set('g', 5)
    expect(heap.takeDue(5)).toEqual(['g'])
    expect(heap.takeDue(10)).toEqual([])
    expect(heap.nextMs()).toBeNull()
  })
})
