import { type Kysely, sql } from 'kysely'
import type { Database } from '../../database/tables.ts'

/** What the database says of games, to tell the controller's containers from those that only look like its own. */
export interface Standing {
  /** Games that somebody asks for, or that have a live record or an open operation. */
  readonly known: ReadonlySet<string>
  /** Games with a container that the controller may not touch, each with the reason it gave. */
  readonly leftAlone: ReadonlyMap<string, string>
}

export async function readStanding(db: Kysely<Database>): Promise<Standing> {
  const { rows: known } = await sql<{ gameId: string }>`
    SELECT game_id AS "gameId" FROM desired_games
    UNION SELECT game_id FROM runtime_records WHERE status <> 'removed'
    UNION SELECT game_id FROM operation_log WHERE status = 'running'`.execute(db)
  const { rows: blocked } = await sql<{ gameId: string; message: string }>`
    SELECT game_id AS "gameId", condition ->> 'message' AS message
      FROM game_status, jsonb_array_elements(conditions) AS condition
     WHERE condition ->> 'type' = 'Blocked' AND condition ->> 'reason' IN ('OrphanNotAdopted', 'AutoRemoveContainer')`.execute(db)
  return {
    known: new Set(known.map(({ gameId }) => gameId)),
    leftAlone: new Map(blocked.map(({ gameId, message }) => [gameId, message])),
  }
}
