import { sql } from 'kysely'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createToken, hashToken } from '../../src/api/token.ts'
import { createTokenRow, revokeToken } from '../../src/api/token-store.ts'
import { acquireLease } from '../../src/database/lease.ts'
import { type DatabasePool, openPool } from '../../src/database/pool.ts'
import { pruneWatchLog } from '../../src/record/watch-retention.ts'
import { until } from '../support/until.ts'
import { type ApiUnderTest, gameBody, startApiUnderTest } from './api-server.ts'
import { nameOf, watch, type WatchClient } from './watch-client.ts'

let api: ApiUnderTest
let term: DatabasePool
let clients: WatchClient[]
beforeEach(async () => {
  api = await startApiUnderTest({ env: { GALAXY_API_STREAMS_PER_TOKEN: '5' } })
  const epoch = await acquireLease(api.pool.db, { instance: 'default', holder: 'test', ttlMs: 600_000, staleAfterMs: 30_000 })
  const session = { instance: 'default', leaseEpoch: epoch ?? 0 }
  term = openPool({ url: api.options.databaseUrl, applicationName: 'term', max: 4, session })
  clients = []
})
afterEach(async () => {
  await Promise.all(clients.map((client) => client.close()))
  await term.close()
  await api.stop()
})

async function watching(options?: Parameters<typeof watch>[1]): Promise<WatchClient> {
  const client = await watch(api, options)
  clients.push(client)
  return client
}

const insert = (...names: readonly string[]) =>
  api.pool.db
    .insertInto('desired_games')
    .values(names.map((game_id) => ({ game_id, engine_version: '1.0.0' })))
    .execute()
const touch = (name: string) => sql`UPDATE desired_games SET labels = jsonb_build_object('at', clock_timestamp()) WHERE game_id = ${name}`
let changes = 0
/** The status that whoever has been told of a change is answered with. */
const resumingAfterAChange = async (): Promise<number> => {
  const first = await watching()
  await insert(`after-${(changes += 1)}`)
  await first.untilTold(1)
  const second = await watching({ lastEventId: idsOf(first)[0] })
  await Promise.all([first.close(), second.close()])
  return second.status
}
const idsOf = ({ told }: WatchClient) => told.map(({ id }) => id ?? '')

describe('a watch', () => {
  it('tells of games as they are after each change, and of their end', async () => {
    const client = await watching()
    await api.call('PUT', '/api/v1/games/andromeda', gameBody('andromeda', { paused: true }))
    await client.untilTold(1)
    expect(client.told[0]).toMatchObject({
      event: 'game',
      data: { type: 'MODIFIED', object: { kind: 'Game', metadata: { name: 'andromeda', generation: 1 }, spec: { paused: true } } },
    })
    await api.call('DELETE', '/api/v1/games/andromeda')
    await client.untilTold(2)
    expect(client.told[1]).toMatchObject({ data: { object: { metadata: { deletedAt: expect.any(String) } } } })
    await term.db.deleteFrom('desired_games').where('game_id', '=', 'andromeda').execute()
    await client.untilTold(3)
    expect(client.told[2]).toMatchObject({
      event: 'game',
      data: { type: 'DELETED', object: { kind: 'Game', metadata: { name: 'andromeda' } } },
    })
  })

  it('tells of operations, turns and what the controller writes of a game, as far as they are asked for', async () => {
    const all = await watching()
    const operations = await watching({ query: '?kinds=operations,turns' })
    const other = await watching({ query: '?game=other' })
    await insert('a', 'other')
    await api.call('POST', '/api/v1/admin/runtimes/a/pause', {})
    await term.db.insertInto('game_status').values({ game_id: 'a' }).execute()
    await sql`INSERT INTO turns (id, game_id, record_uid, incarnation, turn_token, turn, status)
              VALUES (gen_random_uuid(), 'a', gen_random_uuid(), 1, 't', 1, 'in_progress')`.execute(term.db)
    await operations.untilTold(2)
    expect(operations.names()).toEqual(['operation/a MODIFIED', 'turn/a MODIFIED'])
    expect(operations.told[0]).toMatchObject({ data: { object: { kind: 'Operation', op: 'pause', status: 'queued' } } })
    expect(operations.told[1]).toMatchObject({ data: { object: { kind: 'Turn', turn: 1, status: 'in_progress' } } })
    expect(other.names()).toEqual(['game/other MODIFIED'])
    await until(
      () => all.names(),
      (names) => names.includes('turn/a MODIFIED'),
      'all of it',
    )
    expect(new Set(all.names())).toEqual(new Set(['game/a MODIFIED', 'game/other MODIFIED', 'operation/a MODIFIED', 'turn/a MODIFIED']))
  })

  it('tells nothing of a write that changes nothing, nor of one that is rolled back', async () => {
    await insert('a')
    const client = await watching()
    await api.call('PUT', '/api/v1/games/a', gameBody('a'))
    await api.pool.db
      .transaction()
      .execute(async (trx) => {
        await touch('a').execute(trx)
        throw new Error('rolled back')
      })
      .catch(() => undefined)
    await insert('last')
    await until(
      () => client.names(),
      (names) => names.includes('game/last MODIFIED'),
      'the last one',
    )
    expect(client.names().filter((name) => name === 'game/a MODIFIED')).toHaveLength(0)
  })

  it('works on a standby too', async () => {
    api.view.leads = false
    const client = await watching()
    await insert('a')
    await client.untilTold(1)
  })
})

describe('transactions that commit out of order', () => {
  it('are told when they commit, each once, and none holds back another', async () => {
    const client = await watching()
    const early = await openTransaction()
    await insertIn(early, 'early')
    await insert('late')
    await client.untilTold(1)
    expect(client.names()).toEqual(['game/late MODIFIED'])
    // Its change has the lower id, and the lower transaction id.
    await early.commit()
    await client.untilTold(2)
    expect(client.names()).toEqual(['game/late MODIFIED', 'game/early MODIFIED'])
  })

  it('are neither lost nor doubled for who goes on from in between', async () => {
    const first = await watching()
    const early = await openTransaction()
    await insertIn(early, 'early')
    await insert('late')
    await first.untilTold(1)
    await first.close()
    await early.commit()
    await insert('later')
    const second = await watching({ lastEventId: idsOf(first)[0] })
    await second.untilTold(2)
    expect(second.names()).toEqual(['game/early MODIFIED', 'game/later MODIFIED'])
    expect(second.told).toHaveLength(2)
  })
})

describe('who goes on from an event', () => {
  it('is told the rest, whichever event it was, also in the middle of one transaction', async () => {
    const client = await watching()
    const names = Array.from({ length: 30 }, (_, index) => `game-${String(index).padStart(2, '0')}`)
    await insert(...names.slice(0, 10))
    for (const name of names.slice(10, 20)) await insert(name)
    await insert(...names.slice(20))
    await client.untilTold(30)
    for (const [index, id] of idsOf(client).entries()) {
      const resumed = await watch(api, index % 2 === 0 ? { lastEventId: id } : { query: `?since=${encodeURIComponent(id)}` })
      expect(resumed.names()).toEqual(client.names().slice(index + 1))
      await resumed.close()
    }
  })

  it('reads pages where much was missed, and what happens meanwhile comes after it', async () => {
    const client = await watching()
    await client.close()
    const since = client.bookmarks[0]?.id ?? ''
    await sql`INSERT INTO desired_games (game_id, engine_version) SELECT 'game-' || n, '1.0.0' FROM generate_series(1, 1200) n`.execute(
      api.pool.db,
    )
    const resuming = watching({ lastEventId: since })
    await insert('meanwhile')
    const resumed = await resuming
    await resumed.untilTold(1_201)
    expect(new Set(resumed.names()).size).toBe(1_201)
    expect(resumed.told).toHaveLength(1_201)
  })

  it('from a bookmark is told nothing that was told before it', async () => {
    await insert('before')
    const client = await watching()
    await insert('after')
    const resumed = await watching({ lastEventId: client.bookmarks[0]?.id ?? '' })
    await resumed.untilTold(1)
    expect(resumed.names()).toEqual(['game/after MODIFIED'])
  })

  it.each(['x', '1', '5:4:', '1:9:12', '3:9:5,4', '1:9:~', '1:9:~1:9:', `1:9:${'5,'.repeat(2_500)}6`, '0:0:'])(
    'what is no position is refused (%#)',
    async (text) => {
      expect(await api.call('GET', `/api/v1/watch?since=${encodeURIComponent(text)}`)).toMatchObject({
        status: 400,
        body: { code: 'invalid_request', detail: expect.stringContaining('since') },
      })
    },
  )

  it('is told that it is gone, where it is too old or of another history', async () => {
    const client = await watching()
    const since = client.bookmarks[0]?.id ?? ''
    await insert('a')
    await client.untilTold(1)
    expect((await watch(api, { lastEventId: '900000000:900000000:' })).status).toBe(410)
    await sql`UPDATE watch_changes SET changed_at = now() - interval '2 hours'`.execute(term.db)
    expect(await pruneWatchLog(term.db)).toEqual({ deleted: 1, isDone: true })
    expect(await api.call('GET', `/api/v1/watch?since=${encodeURIComponent(since)}`)).toMatchObject({
      status: 410,
      body: { code: 'gone', detail: expect.stringContaining('list again, then watch') },
    })
    // A transaction of another test, in whichever database, holds positions back for as long as it is open.
    await expect.poll(resumingAfterAChange).toBe(200)
  })

  it('is not refused for what another server counted, from which the database was brought here', async () => {
    const client = await watching()
    const since = client.bookmarks[0]?.id ?? ''
    await sql`UPDATE watch_state SET horizon = '900000000'`.execute(api.pool.db)
    expect((await watching({ lastEventId: since })).status).toBe(200)
    await insert('a')
    await client.untilTold(1)
    await sql`UPDATE watch_changes SET changed_at = now() - interval '2 hours'`.execute(term.db)
    await pruneWatchLog(term.db)
    expect((await watch(api, { lastEventId: since })).status).toBe(410)
  })

  it.each(['kinds=game', 'kinds=', 'game=..', 'unknown=1', 'since=1:2:&since=1:2:'])('?%s is refused', async (query) => {
    expect(await api.call('GET', `/api/v1/watch?${query}`)).toMatchObject({ status: 400, body: { code: 'invalid_request' } })
  })
})

describe('while a connection to the database is lost', () => {
  it('nothing is lost', async () => {
    const client = await watching()
    for (let round = 0; round < 3; round += 1) {
      await term.db.executeQuery(
        sql`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
             WHERE datname = current_database() AND application_name IN ('galaxy-watch', 'galaxy-api-test')`.compile(term.db),
      )
      await term.db
        .insertInto('desired_games')
        .values({ game_id: `round-${round}`, engine_version: '1.0.0' })
        .execute()
      await client.untilTold(round + 1)
    }
    expect(client.names()).toEqual(['game/round-0 MODIFIED', 'game/round-1 MODIFIED', 'game/round-2 MODIFIED'])
  })

  it('a lost notification costs a second', async () => {
    const client = await watching()
    await sql`ALTER TABLE desired_games DISABLE TRIGGER desired_games_notify`.execute(api.pool.db)
    await sql`CREATE OR REPLACE FUNCTION galaxy_watch_change() RETURNS trigger LANGUAGE plpgsql AS
              $$BEGIN INSERT INTO watch_changes (kind, game_id) VALUES ('game', NEW.game_id); RETURN NULL; END$$`.execute(api.pool.db)
    await insert('quiet')
    await client.untilTold(1)
  })
})

describe('who may watch', () => {
  it('may so with so many watches per token', async () => {
    for (let each = 0; each < 5; each += 1) await watching()
    expect(await api.call('GET', '/api/v1/watch')).toMatchObject({ status: 429, body: { code: 'too_many_requests' } })
    expect((await watching({ token: await token('other') })).status).toBe(200)
    await clients[0]?.close()
    await until(
      async () => (await watching()).status,
      (status) => status === 200,
      'there is room again',
    )
  })

  it('is ended within seconds once the token is revoked, with a last event that says so', async () => {
    const ended = await watching({ token: await token('ended') })
    const stays = await watching({ token: await token('stays') })
    await revokeToken(api.pool.db, 'ended', 'local')
    const startedMs = performance.now()
    await ended.ended
    expect(performance.now() - startedMs).toBeLessThan(4_000)
    expect(ended.told.at(-1)).toMatchObject({ event: 'error', id: null, data: { code: 'unauthorized', status: 401 } })
    await insert('a')
    await stays.untilTold(1)
  })

  it('is told when the API ends, and does not hold it up', async () => {
    const client = await watching()
    const startedMs = performance.now()
    await api.stop()
    await client.ended
    expect(performance.now() - startedMs).toBeLessThan(2_000)
    expect(client.told.map(nameOf)).toEqual(['error service_unavailable'])
    await term.close()
    api = await startApiUnderTest()
    term = openPool({ url: api.options.databaseUrl, applicationName: 'term', max: 1 })
  })
})

describe('a bookmark', () => {
  it('says at once when nobody vouches any more for what games’ status says (S8)', async () => {
    await sql`UPDATE controller_leases SET observed_at = clock_timestamp()`.execute(api.pool.db)
    await sql`UPDATE deployment SET instance = 'default'`.execute(api.pool.db)
    const client = await watching()
    await until(
      () => client.bookmarks.at(-1)?.data['fresh'],
      (fresh) => fresh === true,
      'it is vouched for',
    )
    await sql`UPDATE controller_leases SET observed_at = clock_timestamp() - interval '1 minute'`.execute(api.pool.db)
    await until(
      () => client.bookmarks.at(-1)?.data['fresh'],
      (fresh) => fresh === false,
      'it is not',
    )
  })
})

describe('while nobody watches', () => {
  it('there is no connection, no read and no notification', async () => {
    const client = await watching()
    await until(listeners, (count) => count === 1, 'it listens')
    await client.close()
    await until(listeners, (count) => count === 0, 'it has gone')
    await sql`UPDATE watch_state SET wanted_until = now() - interval '1 second'`.execute(api.pool.db)
    const { rows } = await sql<{ wanted: boolean }>`SELECT wanted_until > now() AS wanted FROM watch_state`.execute(api.pool.db)
    expect(rows).toEqual([{ wanted: false }])
    await expect.poll(listeners, { interval: 300 }).toBe(0)
    const again = await watching({ lastEventId: client.bookmarks[0]?.id ?? '' })
    await insert('a')
    await again.untilTold(1)
  })
})

async function listeners(): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'galaxy-watch'`.execute(api.pool.db)
  return rows[0]?.count ?? 0
}

interface OpenTransaction {
  readonly run: (statement: string) => Promise<void>
  commit(): Promise<void>
}

async function openTransaction(): Promise<OpenTransaction> {
  const client = await term.pool.connect()
  await client.query('BEGIN')
  return {
    run: async (statement) => void (await client.query(statement)),
    commit: async () => {
      await client.query('COMMIT')
      client.release()
    },
  }
}

const insertIn = ({ run }: OpenTransaction, name: string) =>
  run(`INSERT INTO desired_games (game_id, engine_version) VALUES ('${name}', '1.0.0')`)

async function token(name: string): Promise<string> {
  const secret = createToken()
  await createTokenRow(api.pool.db, { name, role: 'viewer', hash: hashToken(secret), lifetimeS: null, createdBy: 'local' })
  return secret
}
