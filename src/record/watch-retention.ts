import { type Kysely, sql } from 'kysely'
import type { Database } from '../database/tables.ts'
import type { Pruned } from './retention.ts'

const BATCH = 10_000
/** How long a watch may be away and go on where it was. */
const KEPT = '1 hour'

/** Takes away what a watch can't go on from any more, at most one batch, and says from which transaction on the log is whole. */
export async function pruneWatchLog(db: Kysely<Database>): Promise<Pruned> {
  const { rows } = await sql<{ deleted: number }>`
    WITH gone AS (
      DELETE FROM watch_changes WHERE id IN (
        SELECT id FROM (SELECT id, changed_at FROM watch_changes ORDER BY id LIMIT ${BATCH}) oldest
         WHERE changed_at < now() - ${KEPT}::interval)
      RETURNING written_xid),
    -- One ahead of this server is of another one, from which the database was brought here.
    known AS (
      SELECT xid FROM (SELECT written_xid AS xid FROM gone UNION SELECT horizon FROM watch_state) each
       WHERE xid < pg_snapshot_xmax(pg_current_snapshot()) ORDER BY xid DESC LIMIT 1),
    horizon AS (
      UPDATE watch_state SET horizon = coalesce((SELECT xid FROM known), '0') WHERE EXISTS (SELECT FROM gone))
    SELECT count(*) AS deleted FROM gone`.execute(db)
  const deleted = rows[0]?.deleted ?? 0
  return { deleted, isDone: deleted < BATCH }
}
