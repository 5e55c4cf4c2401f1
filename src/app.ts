import { type ApiAddress, writeAddress } from './api/address-file.ts'
import { startApi } from './api/server.ts'
import { createToken, hashToken } from './api/token.ts'
import type { Config } from './config.ts'
import { controllerView } from './controller-view.ts'
import { bindInstance } from './database/lease.ts'
import { schemaIsCurrent, SchemaError } from './database/migrate.ts'
import { openPool } from './database/pool.ts'
import { drive, type DriveOptions, type DriveState } from './drive.ts'
import type { Log } from './log.ts'
import { createMetrics } from './metrics/metrics.ts'
import { messageOf } from './model/errors.ts'
import { termFigures } from './term-figures.ts'

export interface RunOptions extends Pick<DriveOptions, 'docker' | 'useEvents'> {
  readonly signal: AbortSignal
  readonly log: Log
  /** Called when the API listens. */
  readonly onReady?: (api: ApiAddress) => void
}

const API_POOL_SIZE = 4

/**
 * The composition root: the API, and beside it the driving of the games while the lease is held. Resolves when the signal
 * has aborted and everything has ended; games keep running.
 *
 * @throws SchemaError for a database that is not migrated; InstanceError for one that another instance drives
 */
export async function runController(config: Config, options: RunOptions): Promise<void> {
  const { log, signal } = options
  const { databaseUrl } = config
  if (databaseUrl === null) throw new TypeError('runController needs config.databaseUrl')
  const onError = (error: Error): void => log.warn({ error: messageOf(error) }, 'database connection broke')
  const pool = openPool({ url: databaseUrl, applicationName: 'galaxy-api', max: API_POOL_SIZE, onError })
  try {
    if (!(await schemaIsCurrent(pool.db))) throw new SchemaError('the database is not migrated to this release; run `galaxy migrate`')
    const deployment = await bindInstance(pool.db, config.instance)
    const state: DriveState = { active: null, dockerProblem: 'not connected yet' }
    const token = createToken()
    const view = controllerView(state, pool.db)
    const figures = termFigures({ state, db: pool.db, hasWebhook: config.webhook.receiver !== null, signal })
    const metrics = createMetrics(config.instance, figures)
    const localTokenHash = hashToken(token)
    const api = await startApi({ config, db: pool.db, databaseUrl, view, scrape: metrics.scrape, localTokenHash, signal, log })
    try {
      const address = { url: api.url, token }
      await writeAddress(config.dataDir, address)
      options.onReady?.(address)
      await drive({ ...options, config, databaseUrl, db: pool.db, deployment, observers: metrics.observers }, state)
    } finally {
      await api.close()
    }
  } finally {
    await pool.close()
  }
}
