import { type Kysely, type RawBuilder, sql } from 'kysely'
import { storableJson } from '../database/storable.ts'
import type { Database } from '../database/tables.ts'

/** One data-modifying CTE of a statement. */
export interface Part {
  readonly name: string
  readonly query: RawBuilder<unknown>
}

/** Runs all parts as one statement, and so in one transaction; the answer sees the tables as they were before. */
export async function runParts<Row>(
  db: Kysely<Database>,
  parts: readonly Part[],
  answer: RawBuilder<unknown> = sql`1`,
): Promise<readonly Row[]> {
  const named = parts.map((part) => sql`${sql.ref(part.name)} AS (${part.query})`)
  const head = named.length === 0 ? sql`` : sql`WITH ${sql.join(named)} `
  const { rows } = await sql<Row>`${head}SELECT ${answer}`.execute(db)
  return rows
}

export interface ActionIntent {
  readonly kind: string
  readonly target: string
  readonly reason: string
}

export interface ActionOutcome {
  readonly seq: number
  readonly outcome: 'succeeded' | 'failed' | 'not_attempted'
  readonly error: string | null
  readonly durationMs: number | null
  /** What the call answered that is worth keeping, such as Docker's raw times; any JSON. */
  readonly result: unknown
}

/** Rows `i (seq, kind, target, reason)`. */
export function intentRows(firstSeq: number, intents: readonly ActionIntent[]): RawBuilder<unknown> {
  const rows = intents.map(({ kind, target, reason }, index) => ({ seq: firstSeq + index, kind, target, reason }))
  return sql`jsonb_to_recordset(${storableJson(rows)}::jsonb) AS i(seq integer, kind text, target text, reason text)`
}

/** Rows `o (seq, outcome, error, duration_ms, result)`. */
export function outcomeRows(outcomes: readonly ActionOutcome[]): RawBuilder<unknown> {
  const rows = outcomes.map((o) => ({ seq: o.seq, outcome: o.outcome, error: o.error, duration_ms: o.durationMs, result: o.result }))
  return sql`jsonb_to_recordset(${storableJson(rows)}::jsonb)
    AS o(seq integer, outcome text, error text, duration_ms double precision, result jsonb)`
}
