import { type Kysely, sql, type Transaction } from 'kysely'
import { classifyDatabaseError } from '../database/errors.ts'
import type { Database } from '../database/tables.ts'
import type { ErrorCode } from '../model/operation.ts'

/** Who writes desired rows; the schema's triggers hold ownership against it (migrations/0001_desired.sql). */
export interface Writer {
  /** `lobby`, `api` or `manifest:<root>`. */
  readonly source: string
  /** Where the wish came from: request id, manifest path and line. */
  readonly sourceRef: string | null
}

/** One transaction that says who writes; its settings end with it. */
export function writeAs<T>(db: Kysely<Database>, writer: Writer, work: (trx: Transaction<Database>) => Promise<T>): Promise<T> {
  return db.transaction().execute(async (trx) => {
    await sayWho(trx, writer)
    return work(trx)
  })
}

/** For what is written in this transaction from here on. */
export async function sayWho(trx: Transaction<Database>, { source, sourceRef }: Writer): Promise<void> {
  await sql`SELECT set_config('galaxy.source', ${source}, true), set_config('galaxy.source_ref', ${sourceRef ?? ''}, true)`.execute(trx)
}

export interface Refusal {
  readonly kind: 'refused'
  readonly code: ErrorCode | 'invalid_request'
  readonly message: string
}

/** Runs a write; what the schema refuses is an answer, everything else is thrown. */
export async function orRefusal<T>(work: () => Promise<T>): Promise<T | Refusal> {
  try {
    return await work()
  } catch (error) {
    const failure = classifyDatabaseError(error)
    if (failure.kind === 'conflict') {
      const message = failure.message.replace(/^conflict: /, '')
      return { kind: 'refused', code: 'conflict', message: failure.hint === null ? message : `${message}; ${failure.hint}` }
    }
    if (failure.kind === 'invalid') return { kind: 'refused', code: 'invalid_request', message: failure.message }
    throw error
  }
}
