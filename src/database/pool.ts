import { Kysely, PostgresDialect, type PostgresPoolClient } from 'kysely'
import pg from 'pg'
import { type Connection, type Session, connectionConfig } from './connection.ts'
import { preparedName } from './prepared.ts'
import type { Database } from './tables.ts'

const CONNECT_TIMEOUT_MS = 5_000
const IDLE_TIMEOUT_MS = 30_000

export interface PoolOptions extends Connection {
  readonly max: number
  /** Makes the fence triggers accept this pool's writes while the epoch holds; without it they refuse all of them. */
  readonly session?: Session | undefined
  /** A connection broke outside of a query; for the log, nothing is to be done. */
  readonly onError?: ((error: Error) => void) | undefined
}

export interface DatabasePool {
  readonly db: Kysely<Database>
  readonly pool: pg.Pool
  /** Waits for queries in flight. */
  close(): Promise<void>
}

/** Opens no connection yet: the first query does. */
export function openPool(options: PoolOptions): DatabasePool {
  const onError = options.onError ?? (() => undefined)
  const pool = new pg.Pool({
    ...connectionConfig(options),
    max: options.max,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    idleTimeoutMillis: IDLE_TIMEOUT_MS,
  })
  pool.on('error', onError)
  // The pool listens on idle clients only; a client that breaks while it is checked out would end the process.
  pool.on('connect', (client) => client.on('error', onError))
  const db = new Kysely<Database>({
    dialect: new PostgresDialect({
      pool: { options: pool.options, connect: async () => discardedWhenStuck(await pool.connect()), end: () => pool.end() },
    }),
  })
  return { db, pool, close: () => closeOnce(pool) }
}

/**
 * pg gives up on an unanswered query but keeps its connection, on which every later query would wait too. Such a
 * connection is thrown away when it is released.
 */
function discardedWhenStuck(client: pg.PoolClient): PostgresPoolClient {
  let isStuck = false
  const query = async (text: string, values: readonly unknown[]) => {
    try {
      return await client.query({ text, values: [...values], name: preparedName(text) })
    } catch (error) {
      isStuck ||= error instanceof Error && error.message === 'Query read timeout'
      throw error
    }
  }
  return {
    // Kysely's type also takes a cursor, which this dialect is not configured for.
    query: query as unknown as PostgresPoolClient['query'],
    release: (destroy) => client.release(destroy === true || isStuck),
  }
}

async function closeOnce(pool: pg.Pool): Promise<void> {
  if (!pool.ending) await pool.end()
}
