import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { until } from '../support/until.ts'
import { type OutboxUnderTest, SECRET, startOutbox } from './outbox-fixture.ts'
import { isSignedWith, OK, type Received } from './outbox-receiver.ts'

let outbox: OutboxUnderTest
beforeEach(async () => {
  outbox = await startOutbox()
})
afterEach(() => outbox.stop())

const count = (n: number, what = 'received') =>
  until(
    () => outbox.receiver.received.length,
    (length) => length >= n,
    `${n} ${what}`,
  )

describe('an event', () => {
  it('arrives with its names, its payload to the last digit, and a signature over exactly these bytes', async () => {
    await outbox.pool.db
      .insertInto('outbox')
      .values({ game_id: 'a', type: 'runtime.snapshot', idempotency_key: 'a.1', payload: '{"big": 12345678901234567890, "name": "Zoë"}' })
      .execute()
    outbox.deliver({ secrets: [SECRET, 'the next one'], nowMs: () => 1_700_000_000_999 })
    await outbox.settled()
    const [event] = outbox.receiver.received as [Received] // settled means that there is one
    expect(event).toMatchObject({ eventId: 'a.1', type: 'runtime.snapshot', attempt: 1 })
    expect(event.body).toMatchObject({ id: 'a.1', type: 'runtime.snapshot', gameId: 'a', data: { name: 'Zoë' } })
    expect(event.raw).toContain('12345678901234567890')
    expect(Date.parse(String(event.body['createdAt']))).toBeGreaterThan(Date.now() - 60_000)
    expect(event.signature).toMatch(/^t=1700000000,v1=[0-9a-f]{64},v1=[0-9a-f]{64}$/)
    expect([SECRET, 'the next one', 'another'].map((secret) => isSignedWith(secret, event))).toEqual([true, true, false])
    expect(await outbox.rows()).toMatchObject([{ attempts: 1, isDelivered: true, isDead: false, last_error: null }])
  })

  it('that comes while the delivery waits is sent at once', async () => {
    outbox.deliver({ pollMs: 60_000 })
    await outbox.tell(['a', 1])
    await count(1)
    await outbox.settled()
    await outbox.tell(['a', 2], ['b', 1])
    await outbox.settled()
    expect(outbox.receiver.idsOf('a')).toEqual(['a.1', 'a.2'])
  })

  it('is sent once each, in order per game, when a thousand wait', async () => {
    const games = Array.from({ length: 40 }, (_, index) => `game-${index}`)
    for (let n = 1; n <= 25; n += 1) await outbox.tell(...games.map((game) => [game, n] as const))
    outbox.deliver()
    await outbox.settled()
    expect(outbox.receiver.received).toHaveLength(1_000)
    for (const game of games) expect(outbox.receiver.idsOf(game)).toEqual(Array.from({ length: 25 }, (_, index) => `${game}.${index + 1}`))
  })
})

describe('a receiver that', () => {
  it('row 48: fails gets the same again, later ones of the game after it, and other games meanwhile', async () => {
    outbox.receiver.behave = ({ eventId, attempt }) => (eventId === 'a.1' && attempt <= 2 ? { kind: 'status', status: 500 } : OK)
    await outbox.tell(['a', 1], ['a', 2], ['b', 1], ['b', 2])
    outbox.deliver()
    await outbox.settled()
    expect(outbox.receiver.idsOf('a')).toEqual(['a.1', 'a.1', 'a.1', 'a.2'])
    const [first, second, third] = outbox.receiver.received.filter(({ eventId }) => eventId === 'a.1') as [Received, Received, Received] // counted above
    expect([first.attempt, second.attempt, third.attempt]).toEqual([1, 2, 3])
    expect(second.raw).toBe(first.raw)
    // 1 s, then 2 s, less the tenth that this randomness takes.
    expect(second.atMs - first.atMs).toBeGreaterThan(880)
    expect(third.atMs - second.atMs).toBeGreaterThan(1_780)
    expect(outbox.receiver.received.slice(0, 3).map(({ eventId }) => eventId)).toContain('b.2')
    expect((await outbox.rows('a'))[0]).toMatchObject({ attempts: 3, isDelivered: true, last_error: 'answered 500' })
  })

  it('row 48: stalls on one game holds up no other', async () => {
    outbox.receiver.behave = ({ eventId, attempt }) => (eventId === 'stalled.1' && attempt === 1 ? { kind: 'stall' } : OK)
    await outbox.tell(['stalled', 1], ['stalled', 2], ...Array.from({ length: 30 }, (_, index) => ['a', index] as const))
    outbox.deliver({ timeoutMs: 2_000 })
    await count(31)
    expect(outbox.receiver.idsOf('stalled')).toEqual(['stalled.1'])
    expect((await outbox.rows('stalled'))[0]).toMatchObject({ attempts: 0 })
    await outbox.settled()
    expect(outbox.receiver.idsOf('stalled')).toEqual(['stalled.1', 'stalled.1', 'stalled.2'])
    expect((await outbox.rows('stalled'))[0]).toMatchObject({ last_error: 'no answer within 2000 ms' })
  })

  it('row 48: closes before its answer gets it again; in the middle of a good one, it has acknowledged', async () => {
    outbox.receiver.behave = ({ gameId, attempt }) =>
      attempt > 1 ? OK : { kind: 'cut', at: gameId === 'before' ? 'before' : 'amid', status: gameId === 'refused' ? 503 : 200 }
    await outbox.tell(['before', 1], ['amid', 1], ['refused', 1])
    outbox.deliver()
    await outbox.settled()
    expect(outbox.receiver.idsOf('before')).toHaveLength(2)
    expect(outbox.receiver.idsOf('amid')).toHaveLength(1)
    expect(outbox.receiver.idsOf('refused')).toHaveLength(2)
    expect((await outbox.rows('refused'))[0]).toMatchObject({ last_error: 'answered 503' })
  })

  it('row 48: is down gets everything in order once it is back', async () => {
    await outbox.receiver.goDown()
    outbox.deliver()
    await outbox.tell(['a', 1], ['a', 2], ['b', 1])
    await until(
      () => outbox.attempts.length,
      (length) => length >= 2,
      'attempts in vain',
    )
    expect(outbox.attempts[0]).toMatchObject({ attempt: 1, outcome: { kind: 'retry', error: expect.stringContaining('ECONNREFUSED') } })
    await outbox.receiver.comeUp()
    await outbox.settled()
    expect(outbox.receiver.idsOf('a')).toEqual(['a.1', 'a.2'])
    expect(outbox.receiver.idsOf('b')).toEqual(['b.1'])
    expect(outbox.faults).toEqual([])
  })

  it('row 48: answers slowly is asked sixteen things at once at most, and never two of one game', async () => {
    const { promise, resolve } = Promise.withResolvers<void>()
    outbox.receiver.behave = () => ({ kind: 'after', until: promise, status: 200 })
    const games = Array.from({ length: 20 }, (_, index) => `game-${index}`)
    await outbox.tell(...games.flatMap((game) => [[game, 1] as const, [game, 2] as const]))
    outbox.deliver()
    await count(16)
    await outbox.tell(['late', 1])
    expect(outbox.receiver.received).toHaveLength(16)
    expect(new Set(outbox.receiver.received.map(({ gameId }) => gameId)).size).toBe(16)
    resolve()
    await outbox.settled()
    expect(outbox.receiver.mostAtOnce).toBe(16)
    for (const game of games) expect(outbox.receiver.idsOf(game)).toEqual([`${game}.1`, `${game}.2`])
  })

  it('redirects is not followed', async () => {
    outbox.receiver.behave = ({ attempt }) =>
      attempt === 1 ? { kind: 'status', status: 307, headers: { location: `${outbox.receiver.url}/elsewhere` } } : OK
    await outbox.tell(['a', 1])
    outbox.deliver()
    await outbox.settled()
    expect(outbox.receiver.idsOf('a')).toHaveLength(2)
    expect((await outbox.rows())[0]).toMatchObject({ attempts: 2, last_error: 'answered 307; redirects are not followed' })
  })

  it('answers without an end is read no further than needed', async () => {
    outbox.receiver.behave = () => ({ kind: 'endless', status: 200 })
    await outbox.tell(['a', 1], ['a', 2])
    outbox.deliver()
    await outbox.settled()
    expect(outbox.receiver.idsOf('a')).toEqual(['a.1', 'a.2'])
  })
})

describe('an event that is never acknowledged', () => {
  it('row 48: is given up after the last attempt, and the next of its game goes on', async () => {
    outbox.receiver.behave = ({ eventId }) => (eventId === 'a.1' ? { kind: 'status', status: 404 } : OK)
    await outbox.tell(['a', 1], ['a', 2])
    outbox.deliver({ maxAttempts: 2 })
    await outbox.settled()
    expect(outbox.receiver.idsOf('a')).toEqual(['a.1', 'a.1', 'a.2'])
    expect(await outbox.rows()).toMatchObject([
      { attempts: 2, isDelivered: false, isDead: true, last_error: 'answered 404' },
      { attempts: 1, isDelivered: true, isDead: false },
    ])
    expect(outbox.attempts.map(({ outcome }) => outcome.kind)).toEqual(['retry', 'dead', 'delivered'])
  })

  it('is given up at once when the receiver says 410', async () => {
    outbox.receiver.behave = ({ eventId }) => (eventId === 'a.1' ? { kind: 'status', status: 410 } : OK)
    await outbox.tell(['a', 1], ['a', 2])
    outbox.deliver()
    await outbox.settled()
    expect(outbox.receiver.idsOf('a')).toEqual(['a.1', 'a.2'])
  })
})
