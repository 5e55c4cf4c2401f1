import type { Kysely, Selectable } from 'kysely'
import type { Database } from '../../database/tables.ts'
import { type Page, pageOf } from '../../record/queries.ts'

export type TurnRow = Readonly<Selectable<Database['turns']>>

export interface TurnPage {
  /** Null: of all games. */
  readonly gameId: string | null
  readonly limit: number
  /** Id of the last row of the page before. */
  readonly before: string | null
}

/** The ledger, newest entries first: ids are UUIDs of version 7. */
export async function listTurns(db: Kysely<Database>, { gameId, limit, before }: TurnPage): Promise<Page<TurnRow, string>> {
  let query = db
    .selectFrom('turns')
    .selectAll()
    .orderBy('id', 'desc')
    .limit(limit + 1)
  if (gameId !== null) query = query.where('game_id', '=', gameId)
  if (before !== null) query = query.where('id', '<', before)
  return pageOf(await query.execute(), limit, ({ id }) => id)
}

/** A row of the ledger as the doors show it. */
export function toTurn(row: TurnRow) {
  return {
    id: row.id,
    game: row.game_id,
    /** What was asked of the engine; null where nothing was. */
    turn: row.turn,
    status: row.status,
    skipReason: row.skip_reason,
    /** The tick of the schedule; null for a turn that was forced by a token. */
    scheduledAt: row.scheduled_at,
    turnToken: row.turn_token,
    generation: row.generation,
    operation: row.operation_id,
    attempts: row.attempts,
    error: row.error,
    startedAt: row.started_at,
    finishedAt: row.finished_at,
    /** Which life of the game, and of its state, the turn is of. */
    recordUid: row.record_uid,
    incarnation: row.incarnation,
  }
}
