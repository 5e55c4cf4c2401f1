import { describe, expect, it } from 'vitest'
import { type Rate, RateLimit } from '../../../src/api/rate-limit.ts'
import { addressKey } from '../../../src/api/remote-address.ts'

/** A limit and the clock it goes by. */
function limited(rate: Rate) {
  const clock = { nowMs: 1_000 }
  const limit = new RateLimit(rate, () => clock.nowMs)
  return {
    limit,
    pass: (ms: number) => void (clock.nowMs += ms),
    take: (times: number, key = 'a') => Array.from({ length: times }, () => limit.take(key)),
  }
}

describe('a rate limit', () => {
  it('lets a burst through, and then says when there is room again', () => {
    const { take } = limited({ perSecond: 2, burst: 3 })
    expect(take(5)).toEqual([0, 0, 0, 500, 500])
  })

  it('lets as many through as it says, in the long run, however often it is asked in between', () => {
    const { take, pass } = limited({ perSecond: 10, burst: 5 })
    let allowed = 0
    for (let ms = 0; ms < 60_000; ms += 7) {
      allowed += take(1).filter((waitMs) => waitMs === 0).length
      pass(7)
    }
    expect(allowed).toBeGreaterThanOrEqual(600)
    expect(allowed).toBeLessThanOrEqual(606)
  })

  it('has room at the time that it told', () => {
    const { take, pass } = limited({ perSecond: 3, burst: 1 })
    const [, waitMs = 0] = take(2)
    pass(waitMs - 1)
    expect(take(1)).toEqual([1])
    pass(1)
    expect(take(1)).toEqual([0])
  })

  it('saves up no more than a burst', () => {
    const { take, pass } = limited({ perSecond: 100, burst: 2 })
    take(2)
    pass(3_600_000)
    expect(take(3)).toEqual([0, 0, 10])
  })

  it('counts each key by itself', () => {
    const { take } = limited({ perSecond: 1, burst: 1 })
    expect([...take(2, 'a'), ...take(2, 'b')]).toEqual([0, 1_000, 0, 1_000])
  })

  it('remembers ten thousand keys and no more, of those the latest', () => {
    const { limit, take } = limited({ perSecond: 1, burst: 1 })
    take(1, 'used all along')
    for (let key = 0; key < 25_000; key += 1) {
      limit.take(String(key))
      if (key % 1_000 === 0) expect(limit.take('used all along')).toBe(1_000)
    }
    const remembered = Array.from({ length: 25_000 }, (_, key) => String(key)).filter((key) => limit.has(key))
    expect(remembered).toHaveLength(9_999)
    expect(remembered[0]).toBe('15001')
  })

  it('knows nothing of a key that it was told to forget', () => {
    const { limit, take } = limited({ perSecond: 1, burst: 1 })
    take(2)
    limit.forget('a')
    expect([limit.has('a'), take(1)]).toEqual([false, [0]])
  })
})

describe('what counts as one sender', () => {
  it.each([
    ['an IPv4 address', '192.0.2.7', '192.0.2.7'],
    ['an IPv4 address on a socket for both', '::ffff:192.0.2.7', '192.0.2.7'],
    ['a network of IPv6', '2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
    ['a network of IPv6, written short', '2001:db8::1', '2001:db8:0:0'],
    ['this machine', '::1', '0:0:0:0'],
  ])('is %s', (_what, ip, key) => expect(addressKey(ip)).toBe(key))
})
