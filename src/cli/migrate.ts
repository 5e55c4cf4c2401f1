import type { Config } from '../config.ts'
import { migrateToLatest } from '../database/migrate.ts'
import { startEmbeddedPostgres } from '../local/embedded-postgres.ts'
import { printLine, type Terminal, warnLine } from './terminal.ts'

/** `galaxy migrate`: brings the database's schema up to this release. */
export async function migrate(terminal: Terminal, config: Config): Promise<void> {
  if (config.databaseUrl !== null) return report(terminal, await migrateToLatest(config.databaseUrl))
  const { dataDir, instance } = config
  const embedded = await startEmbeddedPostgres({
    dataDir,
    instance,
    signal: new AbortController().signal,
    onProgress: (line) => warnLine(terminal, line),
  })
  try {
    report(terminal, await migrateToLatest(embedded.url))
  } finally {
    if (embedded.startedByUs) await embedded.stop()
  }
}

function report(terminal: Terminal, migrations: readonly string[]): void {
  for (const name of migrations) printLine(terminal, `migrated ${name}`)
  if (migrations.length === 0) printLine(terminal, 'the database is up to date')
}
