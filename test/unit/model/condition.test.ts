import { describe, expect, it } from 'vitest'
import { type Condition, type ConditionFact, mergeConditions } from '../../../src/model/condition.ts'

const BEFORE = '2026-01-01T12:00:00.000Z'
const NOW = '2026-01-01T13:00:00.000Z'
const fact = (over: Partial<ConditionFact> = {}): ConditionFact => ({
  type: 'Ready',
  status: 'True',
  reason: 'Running',
  message: 'it runs',
  ...over,
})
const stored = (over: Partial<Condition> = {}): Condition => ({ ...fact(), lastTransitionTime: BEFORE, observedGeneration: 1, ...over })

describe('mergeConditions', () => {
  it('gives back the stored ones themselves when nothing differs', () => {
    const before = [stored(), stored({ type: 'Accepted', reason: 'Admitted' })]
    expect(mergeConditions(before, [fact(), fact({ type: 'Accepted', reason: 'Admitted' })], 1, NOW)).toBe(before)
    const nothing: readonly Condition[] = []
    expect(mergeConditions(nothing, [], 1, NOW)).toBe(nothing)
  })

  it.each<readonly [string, ConditionFact, number]>([
    ['its reason', fact({ reason: 'Adopted' }), 1],
    ['its message', fact({ message: 'it still runs' }), 1],
    ['its generation', fact(), 2],
  ])('keeps the transition time when only %s changes', (_, stated, generation) => {
    expect(mergeConditions([stored()], [stated], generation, NOW)).toEqual([
      { ...stated, lastTransitionTime: BEFORE, observedGeneration: generation },
    ])
  })

  it.each(['False', 'Unknown'] as const)('moves the transition time when the status becomes %s', (status) => {
    expect(mergeConditions([stored()], [fact({ status })], 1, NOW)[0]?.lastTransitionTime).toBe(NOW)
  })

  it('dates a new one now and drops one that is no longer stated', () => {
    expect(mergeConditions([stored()], [fact({ type: 'CrashLoopBackOff' })], 1, NOW)).toEqual([
      stored({ type: 'CrashLoopBackOff', lastTransitionTime: NOW }),
    ])
  })

  it('keeps each time under another order', () => {
    const before = [stored(), stored({ type: 'Accepted', lastTransitionTime: '2026-01-01T11:00:00.000Z' })]
    const after = mergeConditions(before, [fact({ type: 'Accepted' }), fact()], 1, NOW)
    expect(after.map(({ type, lastTransitionTime }) => [type, lastTransitionTime])).toEqual([
      ['Accepted', '2026-01-01T11:00:00.000Z'],
      ['Ready', BEFORE],
    ])
  })
})
