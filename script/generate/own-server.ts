import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { migrateToLatest } from '../../src/database/migrate.ts'
import { startEmbeddedPostgres } from '../../src/local/embedded-postgres.ts'
import { tableReference } from './tables.ts'

const TIMEOUT_MS = 60_000

/** docs/tables.md by a Postgres that is made for it and goes again. */
export async function tablesOfOwnServer(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'galaxy-tables-'))
  try {
    // The database's user has to enter it.
    await chmod(folder, 0o755)
    const signal = AbortSignal.timeout(TIMEOUT_MS)
    const server = await startEmbeddedPostgres({ dataDir: folder, instance: 'generate', signal, onProgress: () => {} })
    try {
      await migrateToLatest(server.url)
      return await readTables(server.url)
    } finally {
      await server.stop()
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function readTables(url: string): Promise<string> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return await tableReference(client)
  } finally {
    await client.end()
  }
}
