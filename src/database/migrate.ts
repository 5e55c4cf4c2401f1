import { readFile, readdir } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { type Kysely, sql } from 'kysely'
import { type Migration, Migrator } from 'kysely/migration'
import { messageOf } from '../model/errors.ts'
import { isTransient } from './errors.ts'
import { openPool } from './pool.ts'
import type { Database } from './tables.ts'

const MIGRATIONS_DIR = fileURLToPath(new URL('../../migrations/', import.meta.url))
const OLDEST_SERVER = 140_000

/** The database cannot be used by this release; the message says what to do. */
export class SchemaError extends Error {
  override readonly name = 'SchemaError'
}

/**
 * Brings the schema up to this release, all or nothing, and returns the names of the migrations it ran. Safe to call
 * from several processes at once: the others wait and find nothing to do.
 *
 * @throws SchemaError when the server cannot be reached, is older than 14 or the database was migrated by a newer release
 */
export async function migrateToLatest(url: string): Promise<readonly string[]> {
  // No limit on time: the wait for another process's migration counts as one statement.
  const { db, close } = openPool({ url, applicationName: 'galaxy-migrate', max: 1, statementTimeoutMs: 0 })
  try {
    await requireServer(db, url)
    const migrations = await readMigrations()
    await refuseNewerSchema(db, Object.keys(migrations))
    const { error, results } = await new Migrator({ db, provider: { getMigrations: async () => migrations } }).migrateToLatest()
    if (error !== undefined) throw migrationFailure(error, results?.find((result) => result.status === 'Error')?.migrationName)
    return (results ?? []).map((result) => result.migrationName)
  } finally {
    await close()
  }
}

/**
 * Whether the database holds exactly this release's migrations.
 *
 * @throws SchemaError when it holds one that this release does not know
 */
export async function schemaIsCurrent(db: Kysely<Database>): Promise<boolean> {
  const known = Object.keys(await readMigrations())
  return (await refuseNewerSchema(db, known)).length === known.length
}

/** The first question: a server that cannot be asked is told by its place, never by its password. */
async function requireServer(db: Kysely<Database>, url: string): Promise<void> {
  try {
    await requireServerVersion(db)
  } catch (error) {
    if (!isTransient(error)) throw error
    const { host, pathname } = new URL(url)
    const advice = 'start it, or correct GALAXY_DATABASE_URL; without that setting, `galaxy up` brings a database of its own'
    throw new SchemaError(`the database ${pathname.slice(1)} at ${host} cannot be reached: ${messageOf(error)}; ${advice}`, {
      cause: error,
    })
  }
}

async function requireServerVersion(db: Kysely<Database>): Promise<void> {
  const { rows } = await sql<{ number: number; name: string }>`
    SELECT current_setting('server_version_num')::integer AS number, current_setting('server_version') AS name`.execute(db)
  const server = rows[0]
  if (server === undefined || server.number < OLDEST_SERVER) {
    throw new SchemaError(`PostgreSQL ${server?.name ?? ''} is too old: version 14 or newer is needed`)
  }
}

async function readMigrations(): Promise<Record<string, Migration>> {
  const files = (await readdir(MIGRATIONS_DIR)).filter((file) => file.endsWith('.sql')).sort()
  const entries = files.map(async (file): Promise<[string, Migration]> => {
    const text = await readFile(`${MIGRATIONS_DIR}/${file}`, 'utf8')
    return [file.slice(0, -'.sql'.length), { up: async (db) => void (await sql.raw(text).execute(db)) }]
  })
  return Object.fromEntries(await Promise.all(entries))
}

async function refuseNewerSchema(db: Kysely<Database>, known: readonly string[]): Promise<readonly string[]> {
  const { rows: tables } = await sql<{ name: string | null }>`SELECT to_regclass('kysely_migration')::text AS name`.execute(db)
  if (tables[0]?.name === null) return []
  const { rows } = await sql<{ name: string }>`SELECT name FROM kysely_migration ORDER BY name`.execute(db)
  const applied = rows.map((row) => row.name)
  const unknown = applied.filter((name) => !known.includes(name))
  if (unknown.length > 0) {
    throw new SchemaError(`the database was migrated by a newer release (${unknown.join(', ')}): run that release or a newer one`)
  }
  return applied
}

function migrationFailure(error: unknown, migration: string | undefined): SchemaError {
  const where = migration === undefined ? 'migration failed' : `migration ${migration} failed`
  return new SchemaError(`${where}: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
}
