// A controller as a process of its own, for tests that kill it: the driving side alone, composed as in production.
import { pino } from 'pino'
import { type Config } from '../../src/config.ts'
import { bindInstance } from '../../src/database/lease.ts'
import { openPool } from '../../src/database/pool.ts'
import { drive, type DriveOptions } from '../../src/drive.ts'

/** What the parent hands over, as JSON in the variable DRIVE. */
export interface DriveRequest {
  readonly config: Config & { readonly databaseUrl: string }
  readonly docker: NonNullable<DriveOptions['docker']>
  readonly useEvents: boolean
}

const request = JSON.parse(process.env['DRIVE'] ?? '') as DriveRequest // written by this repository's own tests
const { config, docker, useEvents } = request
const pool = openPool({ url: config.databaseUrl, applicationName: 'drive-process', max: 2 })
const stop = new AbortController()
process.once('SIGTERM', () => stop.abort())
const deployment = await bindInstance(pool.db, config.instance)
const log = pino({ level: process.env['TEST_LOG'] ?? 'silent' })
await drive(
  { config, databaseUrl: config.databaseUrl, db: pool.db, deployment, docker, useEvents, log, signal: stop.signal },
  { active: null, dockerProblem: null },
)
await pool.close()
