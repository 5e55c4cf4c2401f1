import { sql } from 'kysely'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { LobbyClient, type LobbyError, type Snapshot, type WatchOptions } from '../../src/lobby/client.ts'
import { describeOnEachPostgres } from '../support/postgres-majors.ts'
import { until } from '../support/until.ts'
import { type LobbyWorld, openLobbyWorld, writeSnapshot } from './lobby-fixture.ts'

/** Longer than any test: what arrives was not found by the poll. */
const NEVER_POLL = 3_600_000

let world: LobbyWorld
let lobby: LobbyClient
let errors: LobbyError[]
let games = 0
let gameId: string

describeOnEachPostgres('following snapshots', (serverUrl) => {
  beforeAll(async () => {
    world = await openLobbyWorld(serverUrl)
  })
  afterAll(() => world.drop())
  beforeEach(() => {
    errors = []
    lobby = new LobbyClient({ connectionString: named('follower'), onError: (error) => errors.push(error) })
    gameId = `game-${(games += 1)}`
  })
  afterEach(async () => {
    await lobby.close()
    await until(
      () => sessions('follower'),
      (count) => count === 0,
      'every session has ended',
    )
  })

  it('gives what is stored, in order and typed, then what comes', async () => {
    await write(0, 1)
    const reader = read()
    expect(await reader.take(2)).toMatchObject([
      {
        gameId,
        recordUid: '7b0c7f3e-0000-4000-8000-0000000000aa',
        incarnation: 1,
        turn: 0,
        runtimeStatus: 'running',
        engineHealth: 'ok',
        engineState: { turn: 0 },
        playerStats: [
          {
            userId: '7b0c7f3e-0000-4000-8000-000000000001',
            currentPlanets: 0,
            currentPopulation: 10,
            maxPlanets: 0,
            maxPopulation: 12.5,
          },
        ],
        observedAt: expect.any(Date),
      },
      { turn: 1 },
    ])
    await write(2)
    expect(await reader.turns(1)).toEqual([2])
  })

  it('is woken by the notification, not by the poll', async () => {
    const next = read({ pollMs: NEVER_POLL }).turns(1)
    await listening()
    await write(0)
    expect(await next).toEqual([0])
  })

  it('row 40: finds by the poll what no notification told', async () => {
    const next = read({ pollMs: 20 }).turns(1)
    await listening()
    await withoutNotification(0)
    expect(await next).toEqual([0])
  })

  it('goes on behind a cursor, leaving nothing out and repeating nothing', async () => {
    await write(0, 1, 2)
    const [, second] = await read().take(2)
    await write(3)
    expect(await read({ after: second?.cursor }).turns(2)).toEqual([2, 3])
  })

  it('gives every game’s, or those of the games that are named', async () => {
    await writeSnapshot(world.controller.db, `${gameId}-other`, 7)
    await write(0)
    const reader = read({ gameIds: [gameId, `${gameId}-other`] })
    expect((await reader.take(2)).map((snapshot) => snapshot.gameId)).toEqual([`${gameId}-other`, gameId])
    const everything = read({ gameIds: undefined })
    const seen: string[] = []
    while (!seen.includes(gameId)) seen.push(...(await everything.take(1)).map((snapshot) => snapshot.gameId))
    expect(seen).toContain(`${gameId}-other`)
  })

  it('never loses a row that commits late', async () => {
    const reader = read()
    await write(0)
    expect(await reader.turns(1)).toEqual([0])
    const { late, commit } = await openTransaction(1)
    await write(2)
    const next = reader.take(2)
    // Turn 2 is committed, and has the greater id and transaction: giving it now would put turn 1 behind the reader.
    expect(await settlesWithin(next, 300)).toBe(false)
    commit()
    await late
    expect((await next).map(({ turn }) => turn)).toEqual([1, 2])
  })

  it('gives a late row too to a reader that resumes while it is still open', async () => {
    await write(0)
    const [first] = await read().take(1)
    const { late, commit } = await openTransaction(1)
    await write(2)
    const reader = read({ after: first?.cursor })
    const next = reader.take(2)
    expect(await settlesWithin(next, 200)).toBe(false)
    commit()
    await late
    expect((await next).map(({ turn }) => turn)).toEqual([1, 2])
  })

  it('gives all rows of many writers at once, each exactly once, and so from each cursor on', async () => {
    const reader = read({ pageSize: 7 })
    const writers = Array.from({ length: 4 }, async (_unused, writer) => {
      for (let turn = 0; turn < 15; turn += 1) await writeSlowly(writer * 100 + turn)
    })
    const all = await reader.take(60)
    await Promise.all(writers)
    expect(new Set(all.map(({ turn }) => turn)).size).toBe(60)
    for (const at of [6, 33, 58]) {
      const rest = await read({ after: all[at]?.cursor, pageSize: 7 }).take(59 - at)
      expect(rest.map(({ turn }) => turn)).toEqual(all.slice(at + 1).map(({ turn }) => turn))
    }
  })

  it('reads no further page before the last one is consumed', async () => {
    await write(...Array.from({ length: 10 }, (_unused, turn) => turn))
    await until(
      () => final(),
      (found) => found === 10,
      'no older transaction holds them back',
    )
    const reader = read({ pageSize: 3 })
    expect(await reader.turns(1)).toEqual([0])
    await listening()
    const readsBefore = await reads()
    // A reader that had read ahead would give these from memory.
    await sql`DELETE FROM health_snapshots WHERE game_id = ${gameId} AND turn >= 3`.execute(world.controller.db)
    expect(await reader.turns(2)).toEqual([1, 2])
    expect(await reads()).toEqual(readsBefore)
    await write(11)
    expect(await reader.turns(1)).toEqual([11])
  })

  it('survives the loss of every connection', async () => {
    const reader = read({ pollMs: NEVER_POLL })
    await write(0)
    expect(await reader.turns(1)).toEqual([0])
    await listening()
    const next = reader.turns(1)
    await endSessions('follower')
    await write(1)
    expect(await next).toEqual([1])
    await listening()
    await write(2)
    expect(await reader.turns(1)).toEqual([2])
    expect(errors.length).toBeGreaterThan(0)
  })

  it('waits for a server that is away', async () => {
    const refused = await refuseConnections('galaxy_lobby_away')
    try {
      await write(0)
      const away = new LobbyClient({ connectionString: refused.url, onError: (error) => errors.push(error) })
      const reader = away.watchSnapshots({ gameIds: [gameId] })
      const next = reader.next()
      await until(
        () => errors.length,
        (count) => count >= 2,
        'the refusals are told',
      )
      await refused.allow()
      expect((await next).value).toMatchObject({ turn: 0 })
      await away.close()
    } finally {
      await refused.drop()
    }
  })

  it('ends quietly when aborted: while it waits, and before it began', async () => {
    const abort = new AbortController()
    const next = read({ signal: abort.signal, pollMs: NEVER_POLL }).take(1)
    await listening()
    abort.abort()
    expect(await next).toEqual([])
    expect(await read({ signal: AbortSignal.abort() }).take(1)).toEqual([])
    await until(
      () => listeners(),
      (count) => count === 0,
      'nobody listens any more',
    )
  })

  it('leaves no connection behind a loop that was left', async () => {
    await write(0)
    for await (const snapshot of lobby.watchSnapshots({ gameIds: [gameId] })) {
      expect(snapshot.turn).toBe(0)
      break
    }
    await until(
      () => listeners(),
      (count) => count === 0,
      'nobody listens any more',
    )
  })

  it('throws what will not mend by itself', async () => {
    const stranger = new URL(world.database.url)
    stranger.searchParams.set('options', '-c role=pg_monitor')
    const client = new LobbyClient({ connectionString: stranger.href })
    await expect(client.watchSnapshots().next()).rejects.toMatchObject({ name: 'LobbyError', code: 'forbidden' })
    await client.close()
  })

  describe('arguments', () => {
    it.each<[string, object]>([
      ['options.after', { after: 'yesterday' }],
      ['options.gameIds[1]', { gameIds: ['fine', 'Not Fine'] }],
      ['options.pollMs', { pollMs: 0 }],
      ['options.pageSize', { pageSize: 1.5 }],
      ['options.signal', { signal: 'now' }],
      ['options.afterwards', { afterwards: '1-1' }],
    ])('names %s at once', (field, options) => {
      expect(() => lobby.watchSnapshots(options)).toThrow(TypeError)
      expect(() => lobby.watchSnapshots(options)).toThrow(field)
    })
  })
})

/** A reader of this test's game, which takes as many snapshots as it is asked for and goes on later. */
function read(options: WatchOptions = {}) {
  const iterator = lobby.watchSnapshots({ gameIds: [gameId], ...options })
  const take = async (count: number) => {
    const taken: Snapshot[] = []
    while (taken.length < count) {
      const { done, value } = await iterator.next()
      if (done === true) return taken
      taken.push(value)
    }
    return taken
  }
  return { take, turns: async (count: number) => (await take(count)).map(({ turn }) => turn) }
}

async function write(...turns: readonly number[]): Promise<void> {
  for (const turn of turns) await writeSnapshot(world.controller.db, gameId, turn)
}

/** A transaction that stays open for a moment after its write. */
async function writeSlowly(turn: number): Promise<void> {
  await world.controller.db.transaction().execute(async (trx) => {
    await writeSnapshot(trx, gameId, turn)
    await sql`SELECT pg_sleep(${(turn % 5) / 1000})`.execute(trx)
  })
}

async function withoutNotification(turn: number): Promise<void> {
  await world.controller.db.transaction().execute(async (trx) => {
    await sql`SET LOCAL session_replication_role = replica`.execute(trx)
    await writeSnapshot(trx, gameId, turn)
  })
}

/** Has written, and commits when told. */
async function openTransaction(turn: number) {
  const written = Promise.withResolvers<void>()
  const wanted = Promise.withResolvers<void>()
  const late = world.controller.db.transaction().execute(async (trx) => {
    await writeSnapshot(trx, gameId, turn)
    written.resolve()
    await wanted.promise
  })
  await written.promise
  return { late, commit: () => wanted.resolve() }
}

async function settlesWithin(work: Promise<unknown>, ms: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const timer = setTimeout(() => resolve(false), ms)
  const settled = await Promise.race([work.then(() => true), promise])
  clearTimeout(timer)
  return settled
}

function named(applicationName: string): string {
  const url = new URL(world.lobbyUrl)
  url.searchParams.set('application_name', applicationName)
  return url.href
}

async function count(from: string): Promise<number> {
  const { rows } = await sql<{ count: number }>`SELECT count(*) AS count FROM ${sql.raw(from)}`.execute(world.controller.db)
  return rows[0]?.count ?? 0
}

function final(): Promise<number> {
  return count(`health_snapshots WHERE game_id = '${gameId}' AND written_xid < pg_snapshot_xmin(pg_current_snapshot())`)
}

function sessions(applicationName: string): Promise<number> {
  return count(`pg_stat_activity WHERE application_name = '${applicationName}'`)
}

function listeners(): Promise<number> {
  return count(`pg_stat_activity WHERE application_name = 'follower' AND query LIKE 'LISTEN%'`)
}

async function listening(): Promise<void> {
  await until(listeners, (found) => found > 0, 'the reader listens')
}

/** When the sessions of the reader last asked something. */
async function reads(): Promise<readonly unknown[]> {
  const { rows } = await sql`SELECT pid, query_start FROM pg_stat_activity WHERE application_name = 'follower' ORDER BY pid`.execute(
    world.controller.db,
  )
  return rows
}

async function endSessions(applicationName: string): Promise<void> {
  await sql`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = ${applicationName}`.execute(world.controller.db)
}

/** A user of the lobby that has no connection to spare until `allow`: the server answers with class 53. */
async function refuseConnections(user: string) {
  const { db } = world.controller
  const run = (statement: string) => sql`${sql.raw(statement)}`.execute(db)
  await run(`DROP ROLE IF EXISTS ${user}`)
  await run(`CREATE ROLE ${user} LOGIN PASSWORD 'away' IN ROLE galaxy_lobby CONNECTION LIMIT 0`)
  const url = new URL(world.database.url)
  url.username = user
  url.password = 'away'
  return {
    url: url.href,
    allow: () => run(`ALTER ROLE ${user} CONNECTION LIMIT -1`),
    drop: () => run(`DROP ROLE ${user}`),
  }
}
