import pg from 'pg'

/** Where a connection goes and how it names itself in `pg_stat_activity`. */
export interface Connection {
  /** `postgres://user:password@host:port/database`. */
  readonly url: string
  readonly applicationName: string
  /** Longest a statement may run, in ms; 0 means no limit. Default 10 s. */
  readonly statementTimeoutMs?: number | undefined
  readonly session?: Session | undefined
}

/** The term whose writes a connection makes. */
export interface Session {
  readonly instance: string
  readonly leaseEpoch: number
}

const STATEMENT_TIMEOUT_MS = 10_000
/** Beyond the server's own limit: only a server that no longer answers gets here. */
const UNANSWERED_MARGIN_MS = 5_000
const KEEP_ALIVE_DELAY_MS = 10_000

export function connectionConfig(connection: Connection): pg.ClientConfig {
  const statementTimeoutMs = connection.statementTimeoutMs ?? STATEMENT_TIMEOUT_MS
  const { url, options } = splitOptions(connection.url)
  return {
    connectionString: url,
    application_name: connection.applicationName,
    options: [options, ...sessionOptions(connection.session)].filter((option) => option !== '').join(' '),
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_DELAY_MS,
    statement_timeout: statementTimeoutMs,
    ...(statementTimeoutMs > 0 && { query_timeout: statementTimeoutMs + UNANSWERED_MARGIN_MS }),
    types: { getTypeParser },
  }
}

/** pg lets a URL's `options` replace the ones given beside it, which would silently drop the session. */
function splitOptions(url: string): { readonly url: string; readonly options: string } {
  if (!URL.canParse(url)) return { url, options: '' }
  const parsed = new URL(url)
  const options = parsed.searchParams.get('options')
  if (options === null) return { url, options: '' }
  parsed.searchParams.delete('options')
  return { url: parsed.href, options }
}

function sessionOptions(session: Session | undefined): readonly string[] {
  if (session === undefined) return []
  return [`-c galaxy.instance=${escapeOption(session.instance)}`, `-c galaxy.lease_epoch=${session.leaseEpoch}`]
}

/** Startup options are split at spaces; a backslash keeps one (PostgreSQL manual, "libpq: options"). */
function escapeOption(value: string): string {
  return value.replaceAll(/[\\\s]/g, String.raw`\$&`)
}

const NUMBER_TYPES: ReadonlySet<number> = new Set([pg.types.builtins.INT8, pg.types.builtins.NUMERIC])

/** Our bigints count things and stay below 2^53; our numerics are cores. */
function getTypeParser(oid: number, format?: string) {
  if (NUMBER_TYPES.has(oid) && format !== 'binary') return Number
  return format === 'binary' ? pg.types.getTypeParser(oid, 'binary') : pg.types.getTypeParser(oid, 'text')
}
