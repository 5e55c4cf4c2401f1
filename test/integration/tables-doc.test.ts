import { readFile } from 'node:fs/promises'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { tableReference } from '../../script/generate/tables.ts'
import { type FreshDatabase, freshDatabase } from '../support/postgres.ts'

let database: FreshDatabase
beforeAll(async () => {
  database = await freshDatabase(inject('postgresUrl'))
})
afterAll(() => database.drop())

describe('docs/tables.md', () => {
  it('tells the schema as the migrations make it; else `npm run generate -- --tables` writes it anew', async () => {
    const client = new pg.Client({ connectionString: database.url })
    await client.connect()
    try {
      expect(await readFile(new URL('../../docs/tables.md', import.meta.url), 'utf8')).toBe(await tableReference(client))
    } finally {
      await client.end()
    }
  })
})
