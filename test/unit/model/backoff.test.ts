import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { backoffDelayMs } from '../../../src/model/backoff.ts'

const MIDDLE = 0.5

describe('the delay before the next attempt', () => {
  it.each([
    [0, 0],
    [1, 1_000],
    [2, 2_000],
    [3, 4_000],
    [8, 128_000],
    [9, 256_000],
    [10, 300_000],
    [1_000, 300_000],
    [100_000, 300_000],
  ])('after %i failures is %i ms', (failures, delayMs) => {
    expect(backoffDelayMs(failures, MIDDLE)).toBe(delayMs)
  })

  it('is spread by a tenth to either side, and by no more', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2_000 }), fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (failures, random) => {
        const middleMs = backoffDelayMs(failures, MIDDLE)
        const delayMs = backoffDelayMs(failures, random)
        expect(delayMs).toBeGreaterThanOrEqual(middleMs * 0.9 - 1)
        expect(delayMs).toBeLessThanOrEqual(middleMs * 1.1 + 1)
      }),
    )
  })
})
