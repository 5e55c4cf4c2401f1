import { type Kysely, sql } from 'kysely'
import type { Database } from '../database/tables.ts'

const BATCH = 1_000

export interface Pruned {
  readonly operations: number
  readonly records: number
  readonly healthEvents: number
  /** False: a batch was full, so call again. */
  readonly isDone: boolean
}

/**
 * Deletes history older than the given days, at most one batch of each kind: ended operations (never a game's newest),
 * removed records, and health events, which are kept as long as operations.
 */
export async function pruneHistory(
  db: Kysely<Database>,
  keep: { readonly operationsDays: number; readonly recordsDays: number },
): Promise<Pruned> {
  const { rows } = await sql<Record<'operations' | 'records' | 'health_events', number>>`
    WITH operations AS (
      DELETE FROM operation_log WHERE operation_id IN (
        SELECT o.operation_id FROM operation_log o
         WHERE o.finished_at < now() - make_interval(days => ${keep.operationsDays}::integer)
           AND EXISTS (SELECT FROM operation_log newer WHERE newer.game_id = o.game_id AND newer.operation_id > o.operation_id)
         LIMIT ${BATCH})
      RETURNING 1),
    records AS (
      DELETE FROM runtime_records WHERE uid IN (
        SELECT uid FROM runtime_records
         WHERE status = 'removed' AND removed_at < now() - make_interval(days => ${keep.recordsDays}::integer) LIMIT ${BATCH})
      RETURNING 1),
    health_events AS (
      DELETE FROM health_events WHERE id IN (
        SELECT id FROM health_events
         WHERE observed_at < now() - make_interval(days => ${keep.operationsDays}::integer) LIMIT ${BATCH})
      RETURNING 1)
    SELECT (SELECT count(*) FROM operations) AS operations, (SELECT count(*) FROM records) AS records,
           (SELECT count(*) FROM health_events) AS health_events`.execute(db)
  const [operations = 0, records = 0, healthEvents = 0] = [rows[0]?.operations, rows[0]?.records, rows[0]?.health_events]
  return { operations, records, healthEvents, isDone: Math.max(operations, records, healthEvents) < BATCH }
}
