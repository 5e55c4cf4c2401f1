import { sql } from 'kysely'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { migrateToLatest, SchemaError, schemaIsCurrent } from '../../src/database/migrate.ts'
import { type DatabasePool, openPool } from '../../src/database/pool.ts'
import { emptyDatabase, type FreshDatabase } from '../support/postgres.ts'
import { describeOnEachPostgres } from '../support/postgres-majors.ts'

describeOnEachPostgres('migrating', (serverUrl) => {
  let database: FreshDatabase
  let opened: DatabasePool

  beforeAll(async () => {
    database = await emptyDatabase(serverUrl)
    opened = openPool({ url: database.url, applicationName: 'test', max: 2 })
  })
  afterAll(async () => {
    await opened.close()
    await database.drop()
  })

  it('runs every migration once, in file order, however many processes try', async () => {
    expect(await schemaIsCurrent(opened.db)).toBe(false)
    const applied = await Promise.all([1, 2, 3].map(() => migrateToLatest(database.url)))
    const [ran, ...waited] = applied.toSorted((a, b) => b.length - a.length)
    expect(ran).toEqual(ran?.toSorted())
    expect(ran?.[0]).toBe('0001_desired')
    expect(waited).toEqual([[], []])
    expect(await schemaIsCurrent(opened.db)).toBe(true)
  })

  it('gives the database one deployment id that a second migration keeps', async () => {
    const before = await opened.db.selectFrom('deployment').select('id').execute()
    expect(await migrateToLatest(database.url)).toEqual([])
    expect(await opened.db.selectFrom('deployment').select('id').execute()).toEqual(before)
    expect(before).toHaveLength(1)
  })

  it('refuses a database that a newer release has migrated, and says so', async () => {
    await sql`INSERT INTO kysely_migration VALUES ('9999_future', now()::text)`.execute(opened.db)
    await expect(migrateToLatest(database.url)).rejects.toThrow(/newer release \(9999_future\)/)
    await expect(schemaIsCurrent(opened.db)).rejects.toThrow(SchemaError)
  })
})
