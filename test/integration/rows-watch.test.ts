import { sql } from 'kysely'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type DatabasePool, openPool } from '../../src/database/pool.ts'
import { type DesiredChange, type DesiredWatch, watchDesired } from '../../src/desired/rows-watch.ts'
import { type FreshDatabase, freshDatabase } from '../support/postgres.ts'
import { describeOnEachPostgres } from '../support/postgres-majors.ts'

const NEVER_MS = 3_600_000

let database: FreshDatabase
let lobby: DatabasePool
let reader: DatabasePool
let watch: DesiredWatch | null
let changes: { readonly gameIds: readonly string[] | 'all'; readonly kind: DesiredChange }[]
let errors: unknown[]

describeOnEachPostgres('watched rows', (serverUrl) => {
  beforeEach(async () => {
    database = await freshDatabase(serverUrl)
    lobby = openPool({ url: database.url, applicationName: 'lobby', max: 3 })
    reader = openPool({ url: database.url, applicationName: 'reader', max: 2 })
    watch = null
    changes = []
    errors = []
  })
  afterEach(async () => {
    await watch?.stop()
    await Promise.all([lobby.close(), reader.close()])
    await database.drop()
  })

  describe('watching desired games', () => {
    it('lists everything first, and tells once that all may be looked at', async () => {
      await insert('a', 'b')
      const watching = await start({ pollMs: NEVER_MS })
      expect(watching.keys()).toEqual(expect.arrayContaining(['a', 'b']))
      expect(watching.get('a')).toMatchObject({ gameId: 'a', engineVersion: '1.0.0' })
      expect(changes).toEqual([{ gameIds: 'all', kind: 'resync' }])
    })

    it('has a notified row in memory when it tells of it', async () => {
      const seen: unknown[] = []
      const watching = await start({ pollMs: NEVER_MS, onChange: () => seen.push(watching.get('fresh')?.paused) })
      await insert('fresh')
      await expect.poll(() => seen.at(-1)).toBe(false)
      await write(`UPDATE desired_games SET paused = true WHERE game_id = 'fresh'`)
      await expect.poll(() => seen.at(-1)).toBe(true)
      expect(watching.get('fresh')?.generation).toBe(2)
    })

    it('drops a row that really went', async () => {
      await insert('gone')
      const watching = await start({ pollMs: NEVER_MS })
      await write(`DELETE FROM desired_games WHERE game_id = 'gone'`)
      await expect.poll(() => watching.get('gone')?.deletedAt).toBeInstanceOf(Date)
      await write(`DELETE FROM desired_games WHERE game_id = 'gone'`)
      await expect.poll(() => watching.keys()).toEqual([])
      expect(changes.at(-1)).toEqual({ gameIds: ['gone'], kind: 'live' })
    })

    it('reads what many writers wrote at once in a few queries', async () => {
      const watching = await start({ pollMs: NEVER_MS })
      await sql`INSERT INTO desired_games (game_id, engine_version) SELECT 'game-' || n, '1.0.0' FROM generate_series(1, 2000) n`.execute(
        lobby.db,
      )
      await expect.poll(() => watching.keys().length, { timeout: 10_000 }).toBe(2000)
      expect(changes.length).toBeLessThan(20)
    })

    it('tells of a changed registry', async () => {
      const watching = await start({ pollMs: NEVER_MS })
      await write(`INSERT INTO engine_versions (version) VALUES ('1.0.0')`)
      await expect.poll(() => watching.versions().map((version) => version.version)).toEqual(['1.0.0'])
      expect(changes.at(-1)).toEqual({ gameIds: 'all', kind: 'registry' })
    })
  })

  describe('row 40: lost notifications', () => {
    beforeEach(() => muteNotifications())

    it('cost no more than one poll, for writes, the registry and deletions', async () => {
      const watching = await start({ pollMs: 50 })
      await insert('quiet')
      await expect.poll(() => watching.get('quiet')).toBeDefined()
      await write(`INSERT INTO engine_versions (version) VALUES ('1.0.0')`)
      await expect.poll(() => watching.versions()).toHaveLength(1)
      await write(`DELETE FROM desired_games WHERE game_id = 'quiet'`)
      await write(`DELETE FROM desired_games WHERE game_id = 'quiet'`)
      await expect.poll(() => watching.keys()).toEqual([])
    })

    it('do not hide a row that commits after one with a higher resource version', async () => {
      const watching = await start({ pollMs: 50 })
      const slow = await lobby.pool.connect()
      await slow.query('BEGIN')
      await slow.query(`INSERT INTO desired_games (game_id, engine_version) VALUES ('slow', '1.0.0')`)
      await insert('fast')
      await expect.poll(() => watching.get('fast')).toBeDefined()
      await insert('later')
      await expect.poll(() => watching.get('later')).toBeDefined()
      expect(watching.get('slow')).toBeUndefined()
      await slow.query('COMMIT')
      slow.release()
      await expect.poll(() => watching.get('slow')).toBeDefined()
      expect(Number(watching.get('slow')?.resourceVersion)).toBeLessThan(Number(watching.get('fast')?.resourceVersion))
    })

    it('are made good by a full compare, which tells only of what differs', async () => {
      await insert('same', 'changed', 'gone')
      const watching = await start({ pollMs: NEVER_MS })
      changes.length = 0
      await insert('new')
      await write(`UPDATE desired_games SET paused = true WHERE game_id = 'changed'`)
      await write(`DELETE FROM desired_games WHERE game_id = 'gone'`)
      await write(`DELETE FROM desired_games WHERE game_id = 'gone'`)
      await watching.resync()
      await watching.resync()
      expect(changes).toHaveLength(1)
      expect(changes[0]).toEqual({ gameIds: expect.arrayContaining(['changed', 'gone', 'new']), kind: 'resync' })
      expect(changes[0]?.gameIds).toHaveLength(3)
    })
  })

  describe('a killed connection', () => {
    it('rows 37 and 40: is replaced, and what was written meanwhile is found', async () => {
      const watching = await start({ pollMs: NEVER_MS })
      for (const gameId of ['first', 'second']) {
        await terminate('galaxy-listen')
        await insert(gameId)
        await expect.poll(() => watching.get(gameId), { timeout: 10_000 }).toBeDefined()
      }
      await expect.poll(() => listeners()).toBe(1)
      await insert('third')
      await expect.poll(() => watching.get('third')).toBeDefined()
    })

    it('of the reader costs a retry, and loses nothing', async () => {
      const watching = await start({ pollMs: 50 })
      await terminate('reader')
      await insert('after')
      await expect.poll(() => watching.get('after'), { timeout: 10_000 }).toBeDefined()
    })

    it('of a server that was never there is reported until the watch is stopped', async () => {
      const url = 'postgres://nobody@127.0.0.1:9/none'
      const nowhere = openPool({ url, applicationName: 'reader', max: 1 })
      watch = watchDesired({
        url,
        db: nowhere.db,
        onChange: () => undefined,
        onError: (error) => errors.push(error),
        pollMs: 50,
        signal: new AbortController().signal,
      })
      await expect.poll(() => errors.length).toBeGreaterThan(1)
      await watch.stop()
      await expect(watch.listed).rejects.toThrow(/stopped/)
      await expect(watch.resync()).rejects.toThrow(/stopped/)
      await nowhere.close()
    })
  })

  describe('stopping', () => {
    it('ends the listening connection, by the signal too', async () => {
      const abort = new AbortController()
      const watching = await start({ pollMs: 50, signal: abort.signal })
      abort.abort()
      await watching.stop()
      await expect.poll(() => listeners()).toBe(0)
      const told = changes.length
      await insert('unseen')
      expect(watching.get('unseen')).toBeUndefined()
      expect(changes).toHaveLength(told)
    })
  })
})

async function start(options: {
  readonly pollMs: number
  readonly onChange?: () => void
  readonly signal?: AbortSignal
}): Promise<DesiredWatch> {
  watch = watchDesired({
    url: database.url,
    db: reader.db,
    pollMs: options.pollMs,
    signal: options.signal ?? new AbortController().signal,
    onError: (error) => errors.push(error),
    onChange: (gameIds, kind) => {
      changes.push({ gameIds, kind })
      if (kind === 'live') options.onChange?.()
    },
  })
  await watch.listed
  return watch
}

async function insert(...gameIds: readonly string[]): Promise<void> {
  for (const gameId of gameIds) await write(`INSERT INTO desired_games (game_id, engine_version) VALUES ('${gameId}', '1.0.0')`)
}

async function write(statement: string): Promise<void> {
  await sql`${sql.raw(statement)}`.execute(lobby.db)
}

async function muteNotifications(): Promise<void> {
  await write('ALTER TABLE desired_games DISABLE TRIGGER desired_games_notify')
  await write('ALTER TABLE engine_versions DISABLE TRIGGER engine_versions_notify')
}

async function terminate(applicationName: string): Promise<void> {
  await sql`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND application_name = ${applicationName}`.execute(lobby.db)
}

async function listeners(): Promise<number> {
  const { rows } = await sql<{ n: number }>`SELECT count(*) AS n FROM pg_stat_activity
    WHERE datname = current_database() AND application_name = 'galaxy-listen'`.execute(lobby.db)
  return rows[0]?.n ?? 0
}
