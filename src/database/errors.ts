/** What a failed statement means to its caller. */
export type DatabaseFailure =
  /** The connection, the server or its resources; the statement may or may not have taken effect. */
  | { readonly kind: 'transient'; readonly message: string }
  /** This process no longer holds the lease: its term is over. */
  | { readonly kind: 'stale_lease'; readonly message: string }
  /** Somebody else's claim or the row's state forbids the write. */
  | { readonly kind: 'conflict'; readonly message: string; readonly hint: string | null }
  /** A value that a CHECK, a type or a trigger refuses. */
  | { readonly kind: 'invalid'; readonly message: string; readonly constraint: string | null }
  /** The user, the password, the database or its grants. */
  | { readonly kind: 'not_permitted'; readonly message: string }
  | { readonly kind: 'unknown'; readonly message: string }

const STALE_LEASE = 'GX001'
/** object_in_use, object_not_in_prerequisite_state, unique_violation. */
const CONFLICTS: ReadonlySet<string> = new Set(['55006', '55000', '23505'])
/** read_only_sql_transaction, serialization_failure, deadlock_detected, lock_not_available. */
const TRANSIENT: ReadonlySet<string> = new Set(['25006', '40001', '40P01', '55P03'])
/** Connection, insufficient resources, operator intervention (shutdown, cancel, time-out), system error. */
const TRANSIENT_CLASSES: ReadonlySet<string> = new Set(['08', '53', '57', '58'])
const INVALID_CLASSES: ReadonlySet<string> = new Set(['0A', '22', '23'])
/** Authorization, no such database, no such grant. */
const PERMISSION_CODES: ReadonlySet<string> = new Set(['28000', '28P01', '3D000', '42501'])
/** Node's and pg's errors of the connection itself, which carry no SQLSTATE. */
const NODE_CODE = /^(E[A-Z]{3,}|ERR_(SSL|TLS|SOCKET|STREAM)_.*)$/
const PG_CLIENT_MESSAGE =
  /^(Connection terminated|Query read timeout|timeout exceeded when trying to connect|timeout expired|Client has encountered a connection error|Client was closed|Cannot use a pool after|Postgres connection has been discarded)/

/** Classifies anything that a query threw, by SQLSTATE (PostgreSQL manual, appendix A) or Node's error code. */
export function classifyDatabaseError(error: unknown): DatabaseFailure {
  const { code, message, hint, constraint } = fieldsOf(error)
  if (code === STALE_LEASE) return { kind: 'stale_lease', message }
  if (CONFLICTS.has(code)) return { kind: 'conflict', message, hint }
  if (TRANSIENT.has(code) || (isSqlState(code) && TRANSIENT_CLASSES.has(code.slice(0, 2)))) return { kind: 'transient', message }
  if (PERMISSION_CODES.has(code)) return { kind: 'not_permitted', message }
  if (isSqlState(code) && INVALID_CLASSES.has(code.slice(0, 2))) return { kind: 'invalid', message, constraint }
  if (!isSqlState(code) && (NODE_CODE.test(code) || PG_CLIENT_MESSAGE.test(message))) return { kind: 'transient', message }
  return { kind: 'unknown', message }
}

/** Whether trying again later may help. */
export function isTransient(error: unknown): boolean {
  return classifyDatabaseError(error).kind === 'transient'
}

/** Five characters with a digit among them; `EPIPE` has none. */
function isSqlState(code: string): boolean {
  return /^(?=.*\d)[0-9A-Z]{5}$/.test(code)
}

interface ErrorFields {
  readonly code: string
  readonly message: string
  readonly hint: string | null
  readonly constraint: string | null
}

function fieldsOf(error: unknown): ErrorFields {
  // A refused connection to a name with several addresses is one error around one per address.
  if (error instanceof AggregateError && error.errors.length > 0) return fieldsOf(error.errors[0])
  if (!(error instanceof Error)) return { code: '', message: String(error), hint: null, constraint: null }
  return { code: text(error, 'code') ?? '', message: error.message, hint: text(error, 'hint'), constraint: text(error, 'constraint') }
}

function text(error: Error, field: string): string | null {
  const value: unknown = Reflect.get(error, field)
  return typeof value === 'string' ? value : null
}
