import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { type Kysely, sql } from 'kysely'
import type { Config } from '../../config.ts'
import { classifyDatabaseError } from '../../database/errors.ts'
import { schemaIsCurrent } from '../../database/migrate.ts'
import { openPool } from '../../database/pool.ts'
import type { Database } from '../../database/tables.ts'
import { SUPERUSER } from '../../local/postgres-cluster.ts'
import { readPostmaster } from '../../local/postmaster.ts'
import { withoutPasswords } from '../../log.ts'
import { messageOf } from '../../model/errors.ts'
import { type Deployment, readDeployment } from '../deployment.ts'
import { fail, type Finding, ok, skip, warn } from './finding.ts'
import { readStanding, type Standing } from './standing.ts'
import { typed } from '../typed.ts'

export interface DatabaseFindings {
  readonly findings: readonly Finding[]
  /** Null where it is not known. */
  readonly deployment: Deployment | null
  /** Null where it is not known. */
  readonly standing: Standing | null
}

/** Reachable, current, bound to this instance, and of the same time as this machine. */
export async function checkDatabase(config: Config): Promise<DatabaseFindings> {
  const url = config.databaseUrl ?? (await embeddedUrl(config).catch((error: unknown) => ({ unreadable: messageOf(error) })))
  if (url === null) return unknown(skip('database', `the embedded database does not run; \`${typed('up')}\` starts it`))
  if (typeof url !== 'string') return unknown(fail('database', url.unreadable, 'run this as the user who started the embedded database'))
  const { db, close } = openPool({ url, applicationName: 'galaxy-doctor', max: 2 })
  try {
    const findings = [await checkServer(db), await checkSchema(db), await checkClock(db)]
    const deployment = await readDeployment(url, config.instance)
    const standing = deployment === null ? null : await readStanding(db)
    return { findings: [...findings, checkInstance(deployment, config.instance)], deployment, standing }
  } catch (error) {
    const detail = `does not answer: ${withoutPasswords(classifyDatabaseError(error).message)}`
    return unknown(fail('database', detail, 'look at GALAXY_DATABASE_URL and whether that Postgres runs and lets this user in'))
  } finally {
    await close()
  }
}

function unknown(finding: Finding): DatabaseFindings {
  return { findings: [finding], deployment: null, standing: null }
}

async function embeddedUrl({ dataDir, instance }: Config): Promise<string | null> {
  const folder = [dataDir, path.join('/var/lib/galaxy', instance)].find((candidate) => existsSync(path.join(candidate, 'postgres')))
  if (folder === undefined) return null
  const server = await readPostmaster(path.join(folder, 'postgres'))
  if (server === undefined) return null
  const password = (await readFile(path.join(folder, 'postgres.password'), 'utf8')).trim()
  return `postgres://${SUPERUSER}:${encodeURIComponent(password)}@127.0.0.1:${server.port}/postgres`
}

async function checkServer(db: Kysely<Database>): Promise<Finding> {
  const { rows } = await sql<{ version: string; readOnly: boolean }>`
    SELECT current_setting('server_version') AS version, pg_is_in_recovery() AS "readOnly"`.execute(db)
  const { version = '?', readOnly = false } = rows[0] ?? {}
  if (readOnly) return fail('database', `Postgres ${version}, a read-only standby`, 'point GALAXY_DATABASE_URL at the primary')
  return ok('database', `Postgres ${version}`)
}

async function checkSchema(db: Kysely<Database>): Promise<Finding> {
  try {
    return (await schemaIsCurrent(db))
      ? ok('schema', 'up to date')
      : warn('schema', 'older than this release', `run \`${typed('migrate')}\`; \`${typed('up')}\` does it too`)
  } catch (error) {
    return fail('schema', messageOf(error), 'run that newer release')
  }
}

const CLOCK_WARN_MS = 1_000

async function checkClock(db: Kysely<Database>): Promise<Finding> {
  const beforeMs = Date.now()
  const { rows } = await sql<{ now: Date }>`SELECT clock_timestamp() AS now`.execute(db)
  const middleMs = (beforeMs + Date.now()) / 2
  const differenceMs = Math.round((rows[0]?.now.getTime() ?? middleMs) - middleMs)
  const detail = `the database's clock differs by ${differenceMs} ms`
  return Math.abs(differenceMs) < CLOCK_WARN_MS
    ? ok('clock', detail)
    : warn('clock', detail, 'let both machines take their time from NTP; ages in listings are wrong meanwhile')
}

function checkInstance(deployment: Deployment | null, instance: string): Finding {
  if (deployment === null || deployment.instance === null) return ok('instance', 'no controller has used this database yet')
  if (deployment.instance !== instance)
    return fail(
      'instance',
      `this database belongs to instance "${deployment.instance}", not "${instance}"`,
      'give each instance a database of its own, or set GALAXY_INSTANCE',
    )
  const active = deployment.activeHolder === null ? 'no controller is active' : `active: ${deployment.activeHolder}`
  return ok('instance', `${instance}, deployment ${deployment.id}; ${active}`)
}
