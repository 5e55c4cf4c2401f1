// The client is published on its own, without src/database: pg is its one dependency.
// oxlint-disable-next-line no-restricted-imports
import pg from 'pg'
import { LobbyError, toLobbyError } from './errors.ts'
import { untilSettled } from './pause.ts'

/** Where the database is: an address, for which the client keeps a small pool of its own, or the caller's pool. */
export type LobbyConnection =
  | {
      /** `postgres://user:password@host:port/database`, of a user in the role `galaxy_lobby`. */
      readonly connectionString: string
      readonly pool?: undefined
    }
  | {
      /** Stays the caller's to end. Its settings also open the listening connection of `watchSnapshots`. */
      readonly pool: pg.Pool
      readonly connectionString?: undefined
    }

export interface LobbyDatabase {
  /**
   * Runs one statement that returns one JSON column `row`.
   * @param gameId named in the error
   * @throws LobbyError
   */
  rows<Row>(gameId: string | null, text: string, values: readonly unknown[]): Promise<readonly Row[]>
  /** A connection outside of the pool, not yet opened. */
  newClient(): pg.Client
  /** Waits for statements in flight, and a moment for the connections outside of the pool to end. */
  close(): Promise<void>
}

const MAX_CONNECTIONS = 4
const END_TIMEOUT_MS = 1_000
const TIMEOUTS: pg.PoolConfig = {
  connectionTimeoutMillis: 5_000,
  idleTimeoutMillis: 30_000,
  statement_timeout: 10_000,
  // Beyond the server's own limit: only a server that no longer answers gets here.
  query_timeout: 15_000,
  keepAlive: true,
  keepAliveInitialDelayMillis: 10_000,
}

/** Opens no connection yet: the first statement does. */
export function openLobbyDatabase(connection: LobbyConnection, onError: (error: LobbyError) => void): LobbyDatabase {
  const { connectionString } = connection
  const pool = connection.pool ?? new pg.Pool({ ...TIMEOUTS, connectionString, max: MAX_CONNECTIONS, application_name: 'galaxy-lobby' })
  const onPoolError = (error: Error) => onError(toLobbyError(error, null))
  // Without a listener, the loss of an idle connection would end the process.
  pool.on('error', onPoolError)
  let closing: Promise<void> | undefined
  const rows = async <Row>(gameId: string | null, text: string, values: readonly unknown[]) => {
    if (closing !== undefined) throw new LobbyError('service_unavailable', gameId, 'this LobbyClient is closed')
    try {
      const result = await pool.query<{ row: string }>({ text, values: [...values], types: AS_TEXT })
      // Each statement builds the JSON that its caller names the type of.
      return result.rows.map(({ row }) => JSON.parse(row) as Row)
    } catch (error) {
      throw toLobbyError(error, gameId)
    }
  }
  const outside = new Set<pg.Client>()
  const newClient = () => {
    // The pool's options themselves: a copy would lose the password, which pg hides from enumeration.
    const client = new pg.Client(pool.options)
    outside.add(client)
    client.on('end', () => outside.delete(client))
    return client
  }
  const close = async () => {
    await untilSettled(Promise.allSettled([...outside].map((client) => client.end())), END_TIMEOUT_MS)
    // A pool that its owner keeps may lose connections later on.
    if (connection.pool !== undefined) pool.off('error', onPoolError)
    else await pool.end()
  }
  return { rows, newClient, close: () => (closing ??= close()) }
}

/** pg's parsers are the whole program's to replace, so no answer may depend on them. */
const AS_TEXT: pg.CustomTypesConfig = { getTypeParser: () => (value: string) => value }
