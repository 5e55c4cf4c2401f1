import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { acquireLease } from '../../src/database/lease.ts'
import { type ApiUnderTest, startApiUnderTest } from './api-server.ts'

let api: ApiUnderTest
beforeAll(async () => {
  api = await startApiUnderTest()
  await tellThree()
})
afterAll(() => api.stop())

const list = (query = '') => api.call('GET', `/api/v1/outbox${query}`)
const eventIds = (body: Readonly<Record<string, unknown>>) =>
  (body['items'] as { eventId: string }[]) /* a list's */
    .map(({ eventId }) => eventId)

describe('GET /outbox', () => {
  it('tells newest first what is waiting, delivered or dead', async () => {
    expect(await list()).toMatchObject({
      status: 200,
      body: {
        kind: 'OutboxEventList',
        metadata: { continue: null },
        items: [
          { eventId: 'b.1', game: 'b', state: 'dead', attempts: 12, nextAttemptAt: null, lastError: 'answered 500' },
          { eventId: 'a.2', game: 'a', state: 'waiting', attempts: 0, nextAttemptAt: expect.any(String), deliveredAt: null },
          { eventId: 'a.1', type: 'runtime.test', state: 'delivered', deliveredAt: expect.any(String), payload: { n: 1 } },
        ],
      },
    })
    expect(eventIds((await list('?game=a')).body)).toEqual(['a.2', 'a.1'])
    expect(eventIds((await list('?state=dead')).body)).toEqual(['b.1'])
    expect(eventIds((await list('?game=a&state=waiting')).body)).toEqual(['a.2'])
    expect(eventIds((await list('?state=delivered&game=b')).body)).toEqual([])
  })

  it('comes in pages', async () => {
    const first = await list('?limit=2')
    expect(eventIds(first.body)).toEqual(['b.1', 'a.2'])
    const { continue: token } = first.body['metadata'] as { continue: string } // two of three
    const second = await list(`?limit=2&continue=${token}`)
    expect(eventIds(second.body)).toEqual(['a.1'])
    expect(second.body).toMatchObject({ metadata: { continue: null } })
  })

  it.each(['?state=lost', '?game=No_Game', '?continue=%00', `?continue=${Buffer.from('andromeda').toString('base64url')}`, '?gaem=a'])(
    'refuses %s',
    async (query) => {
      expect(await list(query)).toMatchObject({ status: 400, body: { code: 'invalid_request' } })
    },
  )
})

describe('a replay', () => {
  it('that is a dry run changes nothing', async () => {
    const dead = await idOf('b.1')
    expect(await api.call('POST', `/api/v1/outbox/${dead}/replay?dryRun=true`)).toMatchObject({
      status: 200,
      body: { kind: 'OutboxEvent', dryRun: true, id: dead, state: 'dead', attempts: 12 },
    })
    const all = await api.call('POST', '/api/v1/outbox/replay?dryRun=true')
    expect(all).toMatchObject({ status: 200, body: { kind: 'ReplayResult', dryRun: true, replayed: 1 } })
  })

  it('of a game or of an event makes them wait again', async () => {
    expect((await api.call('POST', '/api/v1/outbox/replay?game=a')).body).toMatchObject({ replayed: 0 })
    expect((await api.call('POST', '/api/v1/outbox/replay?game=b')).body).toMatchObject({ replayed: 1, dryRun: false })
    expect((await list('?state=waiting')).body).toMatchObject({ items: [{ eventId: 'b.1', attempts: 0 }, { eventId: 'a.2' }] })
    expect(await api.call('POST', `/api/v1/outbox/${await idOf('a.1')}/replay`)).toMatchObject({
      status: 200,
      body: { eventId: 'a.1', state: 'waiting', deliveredAt: null },
    })
  })

  it('of an unknown event is told so, and needs the token', async () => {
    expect(await api.call('POST', '/api/v1/outbox/999999/replay')).toMatchObject({ status: 404, body: { code: 'not_found' } })
    expect(await api.call('POST', '/api/v1/outbox/b.1/replay')).toMatchObject({ status: 400 })
    expect(await api.call('POST', '/api/v1/outbox/replay', undefined, {})).toMatchObject({ status: 401 })
  })
})

/** One delivered, one waiting, one dead. */
async function tellThree(): Promise<void> {
  const { db } = api.pool
  const epoch = await acquireLease(db, { instance: 'test', holder: 'test', ttlMs: 600_000, staleAfterMs: 30_000 })
  await db.transaction().execute(async (term) => {
    await sql`SELECT set_config('galaxy.instance', 'test', true), set_config('galaxy.lease_epoch', ${String(epoch)}, true)`.execute(term)
    const row = (gameId: string, n: number) => ({
      game_id: gameId,
      type: 'runtime.test',
      idempotency_key: `${gameId}.${n}`,
      payload: JSON.stringify({ n }),
    })
    await term
      .insertInto('outbox')
      .values([row('a', 1), row('a', 2), row('b', 1)])
      .execute()
  })
  await sql`UPDATE outbox SET delivered_at = now(), attempts = 1 WHERE idempotency_key = 'a.1'`.execute(db)
  await sql`UPDATE outbox SET dead_at = now(), attempts = 12, last_error = 'answered 500' WHERE idempotency_key = 'b.1'`.execute(db)
}

async function idOf(eventId: string): Promise<number> {
  return (await api.pool.db.selectFrom('outbox').select('id').where('idempotency_key', '=', eventId).executeTakeFirstOrThrow()).id
}
