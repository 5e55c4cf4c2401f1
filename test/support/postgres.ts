import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { migrateToLatest } from '../../src/database/migrate.ts'

/** A server of the run. */
export interface PostgresServer {
  readonly major: number
  /** Of its database `postgres`. */
  readonly url: string
}

/** A database of a test's own. */
export interface FreshDatabase {
  readonly url: string
  /** Ends its sessions and drops it. */
  drop(): Promise<void>
}

/** Asks the server for its major. */
export async function identifyPostgres(url: string): Promise<PostgresServer> {
  const version = await onServer(url, (client) => client.query<{ server_version_num: string }>('SHOW server_version_num'))
  return { major: Math.floor(Number(version.rows[0]?.server_version_num) / 10_000), url }
}

/**
 * A new, migrated database on the server, copied from a template that the first caller makes.
 * @param serverUrl of any database of the server; usually `inject('postgresUrl')`
 */
export async function freshDatabase(serverUrl: string): Promise<FreshDatabase> {
  await onServer(serverUrl, (client) => ensureTemplate(client, serverUrl))
  return createDatabase(serverUrl, TEMPLATE)
}

/** A new database without any table of ours. */
export async function emptyDatabase(serverUrl: string): Promise<FreshDatabase> {
  return createDatabase(serverUrl, 'template1')
}

const TEMPLATE = 'galaxy_test_template'

/** Any number; shared by the test processes of one server, so that only one makes the template. */
const TEMPLATE_LOCK = 7_261_034

async function ensureTemplate(client: pg.Client, serverUrl: string): Promise<void> {
  await client.query('SELECT pg_advisory_lock($1)', [TEMPLATE_LOCK])
  const { rowCount } = await client.query('SELECT FROM pg_database WHERE datname = $1', [TEMPLATE])
  if (rowCount !== 0) return
  // Renamed when complete: a test run that fails in a migration must not leave half a template.
  const draft = `${TEMPLATE}_draft`
  await client.query(`DROP DATABASE IF EXISTS ${draft} WITH (FORCE)`)
  await client.query(`CREATE DATABASE ${draft}`)
  await migrateToLatest(databaseUrl(serverUrl, draft))
  await client.query(`ALTER DATABASE ${draft} RENAME TO ${TEMPLATE}`)
}

async function createDatabase(serverUrl: string, template: string): Promise<FreshDatabase> {
  const name = `galaxy_test_${randomBytes(6).toString('hex')}`
  await onServer(serverUrl, async (client) => {
    // Two copies of template1 at the same time are refused; those of ours would wait for nobody.
    await client.query('SELECT pg_advisory_lock($1)', [TEMPLATE_LOCK])
    await client.query(`CREATE DATABASE ${name} TEMPLATE ${template}`)
  })
  return {
    url: databaseUrl(serverUrl, name),
    drop: () => onServer(serverUrl, async (client) => void (await client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`))),
  }
}

/** The connection's end releases its advisory lock. */
async function onServer<Result>(serverUrl: string, work: (client: pg.Client) => Promise<Result>): Promise<Result> {
  const client = new pg.Client({ connectionString: serverUrl })
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

function databaseUrl(serverUrl: string, name: string): string {
  const url = new URL(serverUrl)
  url.pathname = `/${name}`
  return url.href
}
