import type { Kysely } from 'kysely'
import type { Database } from '../../database/tables.ts'
import { type OperationRow, type Page, listOperations as listOfGame } from '../../record/queries.ts'

export interface OperationPage {
  /** Null: of all games. */
  readonly gameId: string | null
  readonly limit: number
  /** Id of the last operation of the page before. */
  readonly before: string | null
}

/** Newest first: ids are UUIDs of version 7. */
export async function listOperations(db: Kysely<Database>, { gameId, limit, before }: OperationPage): Promise<Page<OperationRow, string>> {
  if (gameId !== null) return listOfGame(db, { gameId, limit, before })
  let query = db
    .selectFrom('operation_log')
    .selectAll()
    .orderBy('operation_id', 'desc')
    .limit(limit + 1)
  if (before !== null) query = query.where('operation_id', '<', before)
  const rows = await query.execute()
  return { rows: rows.slice(0, limit), next: rows.length > limit ? (rows[limit - 1]?.operation_id ?? null) : null }
}
