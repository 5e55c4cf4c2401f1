import { type Kysely, sql, type Transaction } from 'kysely'
import { migrateToLatest } from './migrate.ts'
import { openPool } from './pool.ts'
import type { Database } from './tables.ts'

export interface Copied {
  readonly tables: number
  readonly rows: number
}

/** The copy cannot be made; the message says why, and nothing was written. */
export class CopyError extends Error {
  override readonly name = 'CopyError'
}

/** The log of the watch counts the transactions of its own server, and holds an hour. */
const LEFT_BEHIND = ['watch_changes', 'watch_state']
/** A snapshot may have a mebibyte of its engine's state: more of them do not fit into one statement. */
const BATCH = 100

/**
 * Copies a deployment from one database into another one that is empty, all or nothing, and brings both up to this release first. Servers of any two majors do, and no rights but the
 * owner's are needed: no program of Postgres' is at hand beside the embedded server, whose package has no pg_dump.
 *
 * Logins are the server's, and are not copied. Transaction numbers begin anew: whoever follows snapshots or the outbox by them begins at 0.
 *
 * @throws CopyError where a controller holds the lease of either, where none has ever worked with `fromUrl`, or where `toUrl` is in use already
 * @throws SchemaError as `migrateToLatest` does
 */
export async function copyDatabase(fromUrl: string, toUrl: string): Promise<Copied> {
  for (const url of [fromUrl, toUrl]) await migrateToLatest(url)
  const [from, to] = [fromUrl, toUrl].map((url) => openPool({ url, applicationName: 'galaxy-copy', max: 1, statementTimeoutMs: 0 })) as [
    ReturnType<typeof openPool>,
    ReturnType<typeof openPool>,
  ] // two in, two out
  try {
    return await from.db
      .transaction()
      .setIsolationLevel('repeatable read')
      .execute((source) => to.db.transaction().execute((target) => copyAll(source, target)))
  } finally {
    await Promise.all([from.close(), to.close()])
  }
}

async function copyAll(source: Transaction<Database>, target: Transaction<Database>): Promise<Copied> {
  const tables = await tablesOf(target)
  await refuseUnused(source)
  await refuseLeased(source)
  await refuseAttended(target)
  await setTriggers(target, tables, 'DISABLE')
  // That has locked its tables: who was at work before is seen now, and who comes later waits, and finds the deployment bound.
  await refuseAttended(target)
  for (const table of tables.toReversed()) await sql`DELETE FROM ${sql.table(table)}`.execute(target)
  let rows = 0
  for (const table of tables) rows += await copyTable(source, target, table)
  await copySequences(source, target)
  await renumberTransactions(target)
  await setTriggers(target, tables, 'ENABLE')
  return { tables: tables.length, rows }
}

/** Those that refer to others behind these. */
async function tablesOf(db: Kysely<Database>): Promise<readonly string[]> {
  const { rows } = await sql<{ name: string }>`
    SELECT c.relname AS name FROM pg_class c
     WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND c.relname NOT LIKE 'kysely\\_%' AND c.relname <> ALL (${LEFT_BEHIND})
     ORDER BY EXISTS (SELECT FROM pg_constraint f WHERE f.conrelid = c.oid AND f.contype = 'f'), c.relname`.execute(db)
  return rows.map(({ name }) => name)
}

async function refuseLeased(db: Kysely<Database>): Promise<void> {
  const { rows } = await sql<{ holder: string }>`SELECT holder FROM controller_leases WHERE expires_at > clock_timestamp()`.execute(db)
  if (rows[0] !== undefined) throw new CopyError(`the controller ${rows[0].holder} leads; end it first, and standby ones too`)
}

async function refuseUnused(db: Kysely<Database>): Promise<void> {
  const { rows } = await sql<{ used: boolean }>`SELECT EXISTS (SELECT FROM deployment WHERE instance IS NOT NULL) AS used`.execute(db)
  if (rows[0]?.used !== true) throw new CopyError('there is nothing to copy: no controller has worked with that database yet')
}

async function refuseAttended(target: Kysely<Database>): Promise<void> {
  await refuseLeased(target)
  await refuseUsed(target)
}

async function refuseUsed(db: Kysely<Database>): Promise<void> {
  const { rows } = await sql<{ used: boolean }>`
    SELECT EXISTS (SELECT FROM deployment WHERE instance IS NOT NULL) OR EXISTS (SELECT FROM desired_games) OR EXISTS (SELECT FROM engine_versions)
        OR EXISTS (SELECT FROM operation_log) AS used`.execute(db)
  if (rows[0]?.used !== false) throw new CopyError('the database to copy into is in use already: name an empty one')
}

/** What triggers would do is among the rows already. They are the owner's to switch, and come back with the transaction's end, however it ends. */
async function setTriggers(db: Kysely<Database>, tables: readonly string[], what: 'ENABLE' | 'DISABLE'): Promise<void> {
  for (const table of tables) await sql`ALTER TABLE ${sql.table(table)} ${sql.raw(what)} TRIGGER USER`.execute(db)
}

/** Rows travel as their text form, which is exact for every type; both have the same columns in the same order, by the same migrations. */
async function copyTable(source: Transaction<Database>, target: Transaction<Database>, table: string): Promise<number> {
  const name = sql.table(table)
  await sql`DECLARE copied NO SCROLL CURSOR FOR SELECT each::text AS row FROM ${name} AS each`.execute(source)
  let copied = 0
  for (;;) {
    const { rows } = await sql<{ row: string }>`FETCH ${sql.lit(BATCH)} FROM copied`.execute(source)
    if (rows.length === 0) break
    await sql`
      INSERT INTO ${name} OVERRIDING SYSTEM VALUE
      SELECT (row).* FROM (SELECT text::${name} AS row FROM unnest(${rows.map(({ row }) => row)}::text[]) AS text OFFSET 0) AS rows`.execute(
      target,
    )
    copied += rows.length
  }
  await sql`CLOSE copied`.execute(source)
  return copied
}

async function copySequences(source: Transaction<Database>, target: Transaction<Database>): Promise<void> {
  const { rows: sequences } = await sql<{ name: string }>`
    SELECT sequencename AS name FROM pg_sequences WHERE schemaname = 'public' AND last_value IS NOT NULL`.execute(source)
  for (const { name } of sequences) {
    const { rows } = await sql<{ last: string }>`SELECT last_value::text AS last FROM ${sql.table(name)}`.execute(source)
    await sql`SELECT setval(${name}, ${rows[0]?.last ?? '1'}::bigint)`.execute(target)
  }
}

/** Those of the other server may be ahead of this one, and their rows would be held back until it has got there. */
async function renumberTransactions(target: Transaction<Database>): Promise<void> {
  for (const table of ['desired_games', 'health_snapshots', 'outbox'])
    await sql`UPDATE ${sql.table(table)} SET written_xid = pg_current_xact_id()`.execute(target)
}
