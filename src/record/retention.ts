import { type Kysely, sql } from 'kysely'
import type { Database } from '../database/tables.ts'

const BATCH = 1_000

export interface Pruned {
  readonly deleted: number
  /** False: a batch was full, so call again. */
  readonly isDone: boolean
}

/**
 * Deletes history older than the given days, at most one batch of each kind: ended operations and changes
 * of desired rows (never a game's newest), removed records, health events and notifications, which are kept as long as operations, ledger and snapshots of removed
 * games, and the outbox.
 */
export async function pruneHistory(
  db: Kysely<Database>,
  keep: { readonly operationsDays: number; readonly recordsDays: number; readonly turnsDays: number; readonly outboxDays: number },
): Promise<Pruned> {
  const { rows } = await sql<Readonly<Record<string, number>>>`
    WITH operations AS (
      DELETE FROM operation_log WHERE operation_id IN (
        SELECT o.operation_id FROM operation_log o
         WHERE o.finished_at < now() - make_interval(days => ${keep.operationsDays}::integer)
           AND EXISTS (SELECT FROM operation_log newer WHERE newer.game_id = o.game_id AND newer.operation_id > o.operation_id)
         LIMIT ${BATCH})
      RETURNING 1),
    changes AS (
      DELETE FROM desired_changes WHERE id IN (
        SELECT c.id FROM desired_changes c
         WHERE c.changed_at < now() - make_interval(days => ${keep.operationsDays}::integer)
           AND EXISTS (SELECT FROM desired_changes newer WHERE newer.game_id = c.game_id AND newer.id > c.id)
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
      RETURNING 1),
    notifications AS (
      DELETE FROM notification_intents WHERE idempotency_key IN (
        SELECT idempotency_key FROM notification_intents
         WHERE created_at < now() - make_interval(days => ${keep.operationsDays}::integer) LIMIT ${BATCH})
      RETURNING 1),
    kept AS (
      SELECT uid FROM runtime_records
       WHERE status <> 'removed' OR removed_at >= now() - make_interval(days => ${keep.turnsDays}::integer)),
    turns AS (
      DELETE FROM turns WHERE id IN (
        SELECT id FROM turns t WHERE NOT EXISTS (SELECT FROM kept WHERE uid = t.record_uid) LIMIT ${BATCH})
      RETURNING 1),
    snapshots AS (
      DELETE FROM health_snapshots WHERE id IN (
        SELECT id FROM health_snapshots s WHERE NOT EXISTS (SELECT FROM kept WHERE uid = s.record_uid) LIMIT ${BATCH})
      RETURNING 1),
    outbox AS (
      DELETE FROM outbox WHERE id IN (
        SELECT id FROM (SELECT id, created_at FROM outbox ORDER BY id LIMIT ${BATCH}) oldest
         WHERE created_at < now() - make_interval(days => ${keep.outboxDays}::integer))
      RETURNING 1)
    SELECT (SELECT count(*) FROM operations) AS operations, (SELECT count(*) FROM changes) AS changes, (SELECT count(*) FROM records) AS records,
           (SELECT count(*) FROM health_events) AS health_events, (SELECT count(*) FROM notifications) AS notifications,
           (SELECT count(*) FROM turns) AS turns, (SELECT count(*) FROM snapshots) AS snapshots,
           (SELECT count(*) FROM outbox) AS outbox`.execute(db)
  const counts = Object.values(rows[0] ?? {})
  return { deleted: counts.reduce((sum, count) => sum + count, 0), isDone: Math.max(0, ...counts) < BATCH }
}
