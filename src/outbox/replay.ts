import { type Kysely, sql } from 'kysely'
import type { Database } from '../database/tables.ts'
import { OUTBOX_CHANNEL } from './rows.ts'

/** One event in whatever state, or those that were given up: of a game, or of all games. */
export type Replay = { readonly kind: 'event'; readonly rowId: number } | { readonly kind: 'dead'; readonly gameId: string | null }

/**
 * Has events sent again, with their attempts counted anew; returns how many. One that waits is tried at once. Needs no lease.
 *
 * Each goes before what waits in its game, and so after what was delivered while it was dead.
 */
export async function replayOutbox(db: Kysely<Database>, replay: Replay, { dryRun }: { readonly dryRun: boolean }): Promise<number> {
  const chosen = chosenBy(replay)
  if (dryRun) {
    const { rows } = await sql<{ chosen: number }>`SELECT count(*) AS chosen FROM outbox WHERE ${chosen}`.execute(db)
    return rows[0]?.chosen ?? 0
  }
  // Only an INSERT notifies by itself.
  const { rows } = await sql<{ replayed: number }>`
    WITH replayed AS (
      UPDATE outbox SET delivered_at = NULL, dead_at = NULL, attempts = 0, next_attempt_at = now() WHERE ${chosen} RETURNING 1)
    SELECT count(*) AS replayed, pg_notify(${OUTBOX_CHANNEL}, '') FROM replayed`.execute(db)
  return rows[0]?.replayed ?? 0
}

function chosenBy(replay: Replay) {
  if (replay.kind === 'event') return sql`id = ${replay.rowId}`
  return replay.gameId === null ? sql`dead_at IS NOT NULL` : sql`dead_at IS NOT NULL AND game_id = ${replay.gameId}`
}
