import { pino } from 'pino'
import { inject } from 'vitest'
import { bindInstance } from '../../src/database/lease.ts'
import { openPool } from '../../src/database/pool.ts'
import { drive, type DriveState } from '../../src/drive.ts'
import type { Deployment } from './deployment.ts'

export interface LoggedController {
  /** Lines of the log at warning and above that contain this text. */
  logged(text: string): readonly string[]
  stop(): Promise<void>
}

/** Runs the deployment's controller in this process, and keeps what it logs at warning and above. */
export async function startLogged({ config, databaseUrl }: Deployment): Promise<LoggedController> {
  const lines: string[] = []
  const sink = {
    write: (line: string) => {
      lines.push(line)
      if (process.env['TEST_LOG'] !== undefined) process.stdout.write(line)
    },
  }
  const log = pino({ level: process.env['TEST_LOG'] ?? 'warn' }, sink)
  const abort = new AbortController()
  const pool = openPool({ url: databaseUrl, applicationName: 'test', max: 2 })
  const deployment = await bindInstance(pool.db, config.instance)
  const state: DriveState = { active: null, dockerProblem: null }
  const owned = { ...config, databaseUrl }
  const ended = drive(
    {
      config: owned,
      databaseUrl,
      db: pool.db,
      deployment,
      docker: inject('dockerAddress'),
      useEvents: inject('useEvents'),
      log,
      signal: abort.signal,
    },
    state,
  )
  return {
    logged: (text) => lines.filter((line) => line.includes(text)),
    stop: async () => {
      abort.abort()
      await ended
      await pool.close()
    },
  }
}
