import { describe, expect, it } from 'vitest'
import { RecentlyUsed } from '../../../src/api/recently-used.ts'

describe('what was used lately', () => {
  it('is kept, and of too much what was not asked for goes', () => {
    const kept = new RecentlyUsed<number>(100)
    for (let value = 0; value < 1_000; value += 1) {
      kept.set(`key ${value}`, value, 10)
      expect(kept.get('key 0')).toBe(0)
    }
    expect(kept.get('key 999')).toBe(999)
    expect(kept.get('key 500')).toBeUndefined()
  })

  it('never takes more than it may', () => {
    const kept = new RecentlyUsed<number>(100)
    const keys = Array.from({ length: 37 }, (_, key) => `key ${key}`)
    const bytesOf = new Map<string, number>()
    for (let turn = 0; turn < 500; turn += 1) {
      const key = keys[(turn * 7) % keys.length] ?? ''
      const bytes = [10, 50, 20, 45, 5, 30, 50, 1, 49, 25][turn % 10] ?? 0
      bytesOf.set(key, bytes)
      kept.set(key, turn, bytes)
    }
    const held = keys.filter((key) => kept.get(key) !== undefined)
    expect(held.length).toBeGreaterThan(1)
    expect(held.reduce((sum, key) => sum + (bytesOf.get(key) ?? 0), 0)).toBeLessThanOrEqual(100)
  })

  it('has the newest value of a key', () => {
    const kept = new RecentlyUsed<string>(100)
    kept.set('a', 'first', 30)
    kept.set('a', 'second', 30)
    kept.set('a', 'third', 30)
    kept.set('b', 'other', 20)
    expect([kept.get('a'), kept.get('b')]).toEqual(['third', 'other'])
  })
})
