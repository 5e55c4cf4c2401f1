import { existsSync } from 'node:fs'
import { rename } from 'node:fs/promises'
import path from 'node:path'
import type { Config } from '../config.ts'
import { CopyError, copyDatabase } from '../database/copy-database.ts'
import { migrateToLatest } from '../database/migrate.ts'
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../local/embedded-postgres.ts'
import { CliError, EXIT } from './exit.ts'
import { runningControllers } from './running-controllers.ts'
import { printLine, type Terminal, warnLine } from './terminal.ts'

/** `galaxy migrate`: brings the database's schema up to this release. */
export async function migrate(terminal: Terminal, config: Config): Promise<void> {
  if (config.databaseUrl !== null) return report(terminal, await migrateToLatest(config.databaseUrl))
  const embedded = await startEmbedded(terminal, config)
  try {
    report(terminal, await migrateToLatest(embedded.url))
  } finally {
    if (embedded.startedByUs) await embedded.stop()
  }
}

/**
 * `galaxy migrate --from-embedded`: the deployment goes on with a Postgres of its owner's. The embedded database's files stay under another name: were they started by mistake, two controllers
 * of one deployment would work on the same containers.
 */
export async function moveFromEmbedded(terminal: Terminal, config: Config): Promise<void> {
  const { databaseUrl, dataDir } = config
  if (databaseUrl === null)
    throw new CliError('--from-embedded copies into a Postgres of yours: name it with GALAXY_DATABASE_URL', EXIT.usage)
  const [running] = await runningControllers(dataDir)
  if (running !== undefined) throw new CliError(`a controller runs from here (pid ${running.pid}); end it with Ctrl-C, the games run on`)
  if (!existsSync(dataDir)) throw new CliError(`there is no embedded database: ${dataDir} is missing`)
  const embedded = await startEmbedded(terminal, config)
  const moved = path.join(embedded.dataDir, 'postgres.moved')
  try {
    if (existsSync(moved)) throw new CliError(`${moved} is there already, from an earlier move; take it away first`)
    const { tables, rows } = await copyDatabase(embedded.url, databaseUrl)
    printLine(terminal, `copied ${rows} rows of ${tables} tables`)
  } catch (error) {
    throw error instanceof CopyError ? new CliError(error.message) : error
  } finally {
    await embedded.stop()
  }
  await rename(path.join(embedded.dataDir, 'postgres'), moved)
  printLine(terminal, `the embedded database is kept as ${moved}, and is not used any more; set GALAXY_DATABASE_URL from now on`)
}

function startEmbedded(terminal: Terminal, { dataDir, instance }: Config): Promise<EmbeddedPostgres> {
  const signal = new AbortController().signal
  return startEmbeddedPostgres({ dataDir, instance, signal, onProgress: (line) => warnLine(terminal, line) })
}

function report(terminal: Terminal, migrations: readonly string[]): void {
  for (const name of migrations) printLine(terminal, `migrated ${name}`)
  if (migrations.length === 0) printLine(terminal, 'the database is up to date')
}
