import { execFile } from 'node:child_process'
import { cp, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import pg from 'pg'
import { inject } from 'vitest'
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../src/local/embedded-postgres.ts'
import { DISTRIBUTION_FOLDER } from './other-postgres.ts'

/** A server whose databases can be set back, in one of the ways that docs/operations.md tells operators. */
export interface BackedUpServer {
  /** Of its database `postgres`. */
  readonly url: string
  backUp(databaseUrl: string): Promise<void>
  /** Nothing may be connected but what notices by itself. */
  restore(databaseUrl: string): Promise<void>
  stop(): Promise<void>
}

const run = promisify(execFile)

/** By the programs that belong to the server's major; null where this machine has none. */
export async function dumpedServer(folder: string): Promise<BackedUpServer | null> {
  const [, other] = inject('postgresServers')
  if (other === undefined) return null
  const program = (name: string) => path.join(DISTRIBUTION_FOLDER, String(other.major), 'bin', name)
  const file = path.join(folder, 'galaxy.dump')
  return {
    url: other.url,
    backUp: async (databaseUrl) => void (await run(program('pg_dump'), ['--format=custom', `--file=${file}`, databaseUrl])),
    restore: async (databaseUrl) => {
      const name = new URL(databaseUrl).pathname.slice(1)
      await onServer(other.url, `DROP DATABASE ${name} WITH (FORCE)`, `CREATE DATABASE ${name}`)
      await run(program('pg_restore'), ['--exit-on-error', `--dbname=${databaseUrl}`, file])
    },
    stop: async () => {},
  }
}

/** An embedded database of its own, whose folder is copied while it is down. */
export async function copiedServer(folder: string): Promise<BackedUpServer> {
  const start = () =>
    startEmbeddedPostgres({ dataDir: folder, instance: 'backup', signal: AbortSignal.timeout(60_000), onProgress: () => {} })
  let server: EmbeddedPostgres = await start()
  const files = path.join(server.dataDir, 'postgres')
  const copy = `${files}.copy`
  return {
    url: server.url,
    backUp: async () => {
      await server.stop()
      await cp(files, copy, { recursive: true, preserveTimestamps: true })
      await run('chown', ['-R', '--reference', files, copy])
      await run('chmod', ['--reference', files, copy])
      server = await start()
    },
    restore: async () => {
      await server.stop()
      await rm(files, { recursive: true })
      await rename(copy, files)
      server = await start()
    },
    stop: () => server.stop(),
  }
}

async function onServer(url: string, ...statements: readonly string[]): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  for (const statement of statements) await client.query(statement)
  await client.end()
}
