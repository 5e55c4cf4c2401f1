import { sql } from 'kysely'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { replayOutbox } from '../../src/outbox/replay.ts'
import { type OutboxUnderTest, startOutbox } from './outbox-fixture.ts'
import { OK } from './outbox-receiver.ts'

let outbox: OutboxUnderTest
beforeEach(async () => {
  outbox = await startOutbox()
})
afterEach(() => outbox.stop())

describe('a replay', () => {
  it('has what was given up sent again, with its attempts counted anew, and wakes the delivery', async () => {
    outbox.receiver.behave = ({ eventId }) => ({ kind: 'status', status: eventId.endsWith('.1') ? 410 : 200 })
    outbox.deliver({ pollMs: 60_000 })
    await outbox.tell(['a', 1], ['a', 2], ['b', 1])
    await outbox.settled()
    outbox.receiver.behave = () => OK
    expect(await replay({ kind: 'dead', gameId: 'a' })).toBe(1)
    await outbox.settled()
    // The price of going on without it: it comes after its successor.
    expect(outbox.receiver.idsOf('a')).toEqual(['a.1', 'a.2', 'a.1'])
    expect(outbox.receiver.received.filter(({ eventId }) => eventId === 'a.1').map(({ attempt }) => attempt)).toEqual([1, 1])
    expect(await outbox.rows('b')).toMatchObject([{ isDead: true }])
    expect(await replay({ kind: 'dead', gameId: null })).toBe(1)
    await outbox.settled()
    expect((await outbox.rows()).every(({ isDelivered, isDead }) => isDelivered && !isDead)).toBe(true)
  })

  it('has a delivered event sent once more, the same to the byte', async () => {
    outbox.deliver({ pollMs: 60_000 })
    await outbox.tell(['a', 1], ['a', 2])
    await outbox.settled()
    expect(await replay({ kind: 'event', rowId: await idOf('a.1') })).toBe(1)
    await outbox.settled()
    const [first, , again] = outbox.receiver.received
    expect(again).toMatchObject({ eventId: 'a.1', raw: first?.raw })
    expect(outbox.receiver.received).toHaveLength(3)
  })

  it('ends the waiting of an event that is to be tried again', async () => {
    outbox.receiver.behave = ({ attempt }) => (attempt === 1 ? { kind: 'status', status: 503 } : OK)
    await outbox.tell(['a', 1])
    await sql`UPDATE outbox SET attempts = 5, next_attempt_at = now() + interval '1 hour'`.execute(outbox.pool.db)
    outbox.deliver()
    await replay({ kind: 'event', rowId: await idOf('a.1') })
    await outbox.settled()
    expect(outbox.receiver.received.map(({ attempt }) => attempt)).toEqual([1, 2])
  })

  it('that is a dry run counts and changes nothing', async () => {
    await outbox.tell(['a', 1], ['b', 1])
    await sql`UPDATE outbox SET dead_at = now(), attempts = 12`.execute(outbox.pool.db)
    const before = await outbox.rows()
    expect(await replayOutbox(outbox.pool.db, { kind: 'dead', gameId: 'a' }, { dryRun: true })).toBe(1)
    expect(await replayOutbox(outbox.pool.db, { kind: 'event', rowId: await idOf('b.1') }, { dryRun: true })).toBe(1)
    expect(await outbox.rows()).toEqual(before)
  })
})

function replay(what: Parameters<typeof replayOutbox>[1]): Promise<number> {
  return replayOutbox(outbox.pool.db, what, { dryRun: false })
}

async function idOf(eventId: string): Promise<number> {
  return (await outbox.pool.db.selectFrom('outbox').select('id').where('idempotency_key', '=', eventId).executeTakeFirstOrThrow()).id
}
