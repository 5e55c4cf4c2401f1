import { type Kysely, sql } from 'kysely'
import type { Database } from '../database/tables.ts'

/** How the outbox stands. Counts end at 10 000: more is as bad, and would take longer to count. */
export interface OutboxFigures {
  readonly waiting: number
  /** Age of the oldest that waits among those counted; 0: none does. */
  readonly oldestSeconds: number
  readonly dead: number
}

const MOST = 10_000

/** One statement over the partial indexes of what waits and what is dead. */
export async function readOutboxFigures(db: Kysely<Database>): Promise<OutboxFigures> {
  const { rows } = await sql<{ waiting: number; oldest_s: number | null; dead: number }>`
    SELECT waiting.count::int AS waiting, extract(epoch FROM now() - waiting.oldest)::float AS oldest_s, dead.count::int AS dead
      FROM (SELECT count(*), min(created_at) AS oldest FROM (
              SELECT created_at FROM outbox WHERE delivered_at IS NULL AND dead_at IS NULL LIMIT ${MOST}) counted) waiting,
           (SELECT count(*) FROM (SELECT FROM outbox WHERE dead_at IS NOT NULL LIMIT ${MOST}) counted) dead`.execute(db)
  const [row] = rows
  return { waiting: row?.waiting ?? 0, oldestSeconds: row?.oldest_s ?? 0, dead: row?.dead ?? 0 }
}
