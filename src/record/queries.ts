import type { Kysely, Selectable } from 'kysely'
import type { Database, HealthEventsTable, OperationActionsTable, OperationLogTable } from '../database/tables.ts'

export type OperationRow = Readonly<Selectable<OperationLogTable>>
export type ActionRow = Readonly<Omit<Selectable<OperationActionsTable>, 'operation_id'>>
export type HealthEventRow = Readonly<Selectable<HealthEventsTable>>

/** A page, newest first; `next` is what asks for the following one, null at the end. */
export interface Page<Row, Cursor> {
  readonly rows: readonly Row[]
  readonly next: Cursor | null
}

export async function listOperations(
  db: Kysely<Database>,
  asked: { readonly gameId: string; readonly limit: number; readonly before: string | null },
): Promise<Page<OperationRow, string>> {
  let query = db.selectFrom('operation_log').selectAll().where('game_id', '=', asked.gameId)
  if (asked.before !== null) query = query.where('operation_id', '<', asked.before)
  const rows = await query
    .orderBy('operation_id', 'desc')
    .limit(asked.limit + 1)
    .execute()
  return pageOf(rows, asked.limit, (row) => row.operation_id)
}

/** An operation with its actions in order; null when there is none of that id. */
export async function findOperation(
  db: Kysely<Database>,
  operationId: string,
): Promise<{ readonly operation: OperationRow; readonly actions: readonly ActionRow[] } | null> {
  const [operation, actions] = await Promise.all([
    db.selectFrom('operation_log').selectAll().where('operation_id', '=', operationId).executeTakeFirst(),
    db
      .selectFrom('operation_actions')
      .select(['seq', 'kind', 'target', 'reason', 'intent_at', 'outcome', 'error', 'duration_ms', 'result'])
      .where('operation_id', '=', operationId)
      .orderBy('seq')
      .execute(),
  ])
  return operation === undefined ? null : { operation, actions }
}

/** Operations that a verb has asked for and nobody has begun, oldest first. */
export async function listQueuedOperations(db: Kysely<Database>): Promise<readonly OperationRow[]> {
  return db.selectFrom('operation_log').selectAll().where('status', '=', 'queued').orderBy('operation_id').execute()
}

export async function listHealthEvents(
  db: Kysely<Database>,
  asked: { readonly gameId: string; readonly limit: number; readonly before: number | null },
): Promise<Page<HealthEventRow, number>> {
  let query = db.selectFrom('health_events').selectAll().where('game_id', '=', asked.gameId)
  if (asked.before !== null) query = query.where('id', '<', asked.before)
  const rows = await query
    .orderBy('id', 'desc')
    .limit(asked.limit + 1)
    .execute()
  return pageOf(rows, asked.limit, (row) => row.id)
}

/** Of `limit + 1` rows: one too many tells that there are more. */
export function pageOf<Row, Cursor>(rows: readonly Row[], limit: number, cursorOf: (row: Row) => Cursor): Page<Row, Cursor> {
  const shown = rows.slice(0, limit)
  const last = shown.at(-1)
  return { rows: shown, next: rows.length > limit && last !== undefined ? cursorOf(last) : null }
}
