import { Kysely, PostgresDialect, type PostgresPoolClient } from 'kysely'
import pg from 'pg'
import { connectionConfig } from '../../src/database/connection.ts'
import type { Listener, listen } from '../../src/database/listen.ts'
import type { DatabasePool } from '../../src/database/pool.ts'
import type { Database } from '../../src/database/tables.ts'
import { freshDatabase } from '../support/postgres.ts'
import type { DatabaseFault } from './database-fault.ts'
import { countUp } from './engines.ts'
import type { Life } from './life.ts'

/**
 * One database of a server and two connections to it: the controller's, which every life shares, with its epoch as the session's setting, and the
 * test's hand. The gate lets one statement through at a time and a transaction whole, so that one connection is as good as a pool, and what a life
 * leaves open is rolled back at its death. The same connection listens, so that a notification comes no later than the answer of the commit
 * that made it.
 */
export class ChaosDatabase {
  readonly hand: pg.Client
  readonly #term: pg.Client
  readonly #drop: () => Promise<void>
  readonly #faults: { fault: DatabaseFault; seen: number; struck: number }[] = []
  #life: Life | null = null
  /** The logical connection whose transaction is open. */
  #open: object | null = null
  #tell: ((channel: string, payload: string) => void) | null = null
  #breakListener: (() => void) | null = null
  #uses = 0
  readonly #handInOrder = inOrder()
  readonly #termInOrder = inOrder()
  /** Writing statements let through. */
  writes = 0
  /** How often each kind of fault struck. */
  readonly struck = new Map<string, number>()

  private constructor(hand: pg.Client, term: pg.Client, drop: () => Promise<void>) {
    this.hand = hand
    this.#term = term
    this.#drop = drop
    term.on('notification', ({ channel, payload }) => this.#hear(channel, payload ?? ''))
  }

  static async open(postgresUrl: string): Promise<ChaosDatabase> {
    const { url, drop } = await freshDatabase(postgresUrl)
    const [hand, term] = await Promise.all(['chaos-hand', 'chaos-controller'].map((name) => connect(url, name)))
    if (hand === undefined || term === undefined) throw new Error('there are no connections')
    await term.query('LISTEN galaxy_desired; LISTEN galaxy_versions')
    return new ChaosDatabase(hand, term, drop)
  }

  /** Judges may have had a schema `judge` of their own. Everything but the schema and the deployment's id goes; heaps and sequences begin anew. */
  async reset(): Promise<void> {
    this.#uses += 1
    this.#faults.length = 0
    this.struck.clear()
    this.writes = 0
    await this.hand.query(RESET)
    await this.flush()
  }

  /** Its catalogs have grown: a new one costs less by now. */
  get isWorn(): boolean {
    return this.#uses >= MAX_USES
  }

  async close(): Promise<void> {
    await Promise.all([this.hand.end(), this.#term.end()])
    await this.#drop()
  }

  fault(fault: DatabaseFault): void {
    if (fault.kind === 'listen_lost') this.#loseListener()
    else this.#faults.push({ fault, seen: 0, struck: 0 })
  }

  #loseListener(): void {
    if (this.#breakListener === null) return
    countUp(this.struck, 'database listen_lost')
    this.#breakListener()
    this.#breakListener = null
  }

  liftFaults(): void {
    this.#faults.length = 0
  }

  /** Of the lobby's or a judge's hand; several statements where it has no values. */
  ask<Row extends pg.QueryResultRow>(text: string, values: readonly unknown[] = []): Promise<pg.QueryResult<Row>> {
    return this.#handInOrder(() => (values.length === 0 ? this.hand.query<Row>(text) : this.hand.query<Row>(text, [...values])))
  }

  /** What a life leaves open is rolled back behind its last statement. */
  #send(text: string, values: readonly unknown[] = []): Promise<pg.QueryResult> {
    return this.#termInOrder(() => this.#term.query(text, [...values]))
  }

  /** What was notified so far has been heard when this resolves. */
  async flush(): Promise<void> {
    await this.#send('')
  }

  /** Statements of this life carry this epoch from now on. */
  async begin(life: Life, instance: string, epoch: number): Promise<void> {
    await this.#send("SELECT set_config('galaxy.instance', $1, false), set_config('galaxy.lease_epoch', $2, false)", [instance, `${epoch}`])
    this.#life = life
  }

  /** The life is over: what it left open is rolled back, and nobody listens. */
  end(): void {
    if (this.#open !== null) void this.#send('ROLLBACK')
    this.#open = null
    this.#life = null
    this.#tell = null
    this.#breakListener = null
  }

  /** The pool of this life. */
  poolOf(life: Life, gameOf: (values: readonly unknown[]) => string | null): Pick<DatabasePool, 'db' | 'close'> {
    const connect = async (): Promise<PostgresPoolClient> => this.#connection(life, gameOf)
    const pool = { options: {}, connect, end: async () => {} }
    return { db: new Kysely<Database>({ dialect: new PostgresDialect({ pool }) }), close: async () => {} }
  }

  listenOf(life: Life): typeof listen {
    return async (_connection, _channels, onNotification) => {
      if (life.isDead) throw terminated()
      const { promise: ended, resolve } = Promise.withResolvers<void>()
      const listener: Listener = { ended, check: async () => {}, stop: async () => resolve() }
      this.#tell = (channel, payload) => life.tell(`notify ${payload}`, () => onNotification(channel, payload))
      this.#breakListener = () => {
        this.#tell = null
        resolve()
      }
      return listener
    }
  }

  #hear(channel: string, payload: string): void {
    if (!this.#strikes('notify_lost')) this.#tell?.(channel, payload)
  }

  #connection(life: Life, gameOf: (values: readonly unknown[]) => string | null): PostgresPoolClient {
    const connection = { isBroken: false, hasWritten: false }
    const query = (text: string, values: readonly unknown[] = []): Promise<unknown> => {
      const { isWrite, kind } = kindOf(text, connection.hasWritten)
      const isBarred = (): boolean => this.#open !== null && this.#open !== connection
      const outgoing = { by: 'database', kind, game: gameOf(values), isWrite, isBarred } as const
      return life.call(outgoing, () => this.#run(connection, text, values, isWrite))
    }
    // Kysely's type also takes a cursor, which this dialect is not configured for.
    return { query: query as unknown as PostgresPoolClient['query'], release: () => {} }
  }

  async #run(
    connection: { isBroken: boolean; hasWritten: boolean },
    text: string,
    values: readonly unknown[],
    isWrite: boolean,
  ): Promise<unknown> {
    if (connection.isBroken || this.#life === null) throw terminated()
    if (this.#strikes('killed', isWrite)) {
      await this.#breakOff(connection)
      throw terminated()
    }
    if (isWrite && this.#strikes('read_only', isWrite)) throw readOnly()
    const result = await this.#send(text, values)
    if (isWrite) this.writes += 1
    this.#follow(connection, text)
    if ((this.#open === null || this.#open !== connection) && this.#strikes('answer_lost', isWrite)) {
      connection.isBroken = true
      throw terminated()
    }
    return result
  }

  #follow(connection: { hasWritten: boolean }, text: string): void {
    if (/^begin/i.test(text)) this.#open = connection
    if (this.#open === connection && WRITE.test(text)) connection.hasWritten = true
    if (!/^(commit|rollback)/i.test(text)) return
    this.#open = null
    connection.hasWritten = false
  }

  async #breakOff(connection: { isBroken: boolean }): Promise<void> {
    connection.isBroken = true
    if (this.#open !== connection) return
    this.#open = null
    await this.#send('ROLLBACK')
  }

  /** Whether a fault of this kind strikes now; each thing it fits is counted. */
  #strikes(kind: DatabaseFault['kind'], isWrite = true): boolean {
    const due = this.#faults.find(({ fault }) => fault.kind === kind && (isWrite || fault.writes === false))
    if (due === undefined) return false
    due.seen += 1
    if (due.seen < (due.fault.nth ?? 1)) return false
    due.struck += 1
    countUp(this.struck, `database ${kind}`)
    if (due.struck >= (due.fault.times ?? 1)) this.#faults.splice(this.#faults.indexOf(due), 1)
    return true
  }
}

const MAX_USES = 200

/** pg's next release refuses a statement while another is under way on its connection. */
function inOrder(): <Result>(work: () => Promise<Result>) => Promise<Result> {
  let last: Promise<unknown> = Promise.resolve()
  return (work) => {
    const next = last.then(work)
    last = next.catch(() => undefined)
    return next
  }
}

async function connect(url: string, applicationName: string): Promise<pg.Client> {
  const client = new pg.Client({ ...connectionConfig({ url, applicationName }) })
  client.on('error', () => {})
  await client.connect()
  // A crash of the server is not among the faults here.
  await client.query('SET synchronous_commit = off')
  return client
}

const RESET = `
  DROP SCHEMA IF EXISTS judge CASCADE;
  SET session_replication_role = replica;
  DO $$ DECLARE tables text; sequence_name text; BEGIN
    SELECT string_agg(quote_ident(c.relname), ', ') INTO tables FROM pg_class c
     WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND c.relname NOT LIKE 'kysely%' AND c.relname <> 'deployment';
    EXECUTE 'TRUNCATE ' || tables || ' RESTART IDENTITY';
    FOR sequence_name IN SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'S' LOOP
      EXECUTE format('ALTER SEQUENCE %I RESTART', sequence_name);
    END LOOP;
  END $$;
  SET session_replication_role = origin`

const WRITE = /\b(insert into|update \S+( \S+)?\s+set|delete from)\b/i

const KINDS: readonly (readonly [RegExp, string])[] = [
  [/insert into "?operation_log/i, 'operation opened'],
  [/update "?operation_log/i, 'operation closed'],
  [/operation_actions/i, 'progress written'],
  [/delete from "?desired_games/i, 'row forgotten'],
  [/insert into "?desired_games/i, 'orphan adopted'],
]

/** A write inside of a transaction takes effect by its COMMIT, which is a write where one was before it. */
function kindOf(text: string, hasWritten: boolean): { readonly isWrite: boolean; readonly kind: string } {
  if (/^commit/i.test(text)) return { isWrite: hasWritten, kind: 'commit' }
  if (!WRITE.test(text)) return { isWrite: false, kind: /^(begin|rollback)/i.exec(text)?.[0].toLowerCase() ?? 'read' }
  return { isWrite: true, kind: KINDS.find(([pattern]) => pattern.test(text))?.[1] ?? 'game written' }
}

function terminated(): Error {
  return new Error('Connection terminated unexpectedly')
}

function readOnly(): Error {
  return Object.assign(new Error('cannot execute INSERT in a read-only transaction'), { code: '25006' })
}
