import { type Kysely, sql, type Transaction } from 'kysely'
import type { Database } from '../database/tables.ts'
import { lockGame } from './game-row.ts'
import { type Writer, writeAs } from './writer.ts'

export interface DeleteRequest extends Writer {
  readonly gameId: string
  /** Also deletes the game's state directory, for good (S5). */
  readonly purge: boolean
  /** The row's resource version that the caller has seen. */
  readonly ifMatch?: string | undefined
  /** Deletes only what this one owns. */
  readonly onlyIfManagedBy?: string | undefined
  /** Runs in the same transaction, once the tombstone is set. */
  readonly alongside?: (trx: Transaction<Database>) => Promise<void>
}

export type DeleteAnswer =
  | { readonly kind: 'deleted' }
  /** Its tombstone was set before; `purge` can no longer be added. */
  | { readonly kind: 'already_deleting' }
  | { readonly kind: 'not_found' }
  | { readonly kind: 'precondition_failed'; readonly resourceVersion: string }
  | { readonly kind: 'conflict'; readonly message: string }

/** Sets a game's tombstone; the controller then stops and removes it, and its row goes last. Repeating it changes nothing. */
export async function deleteGame(db: Kysely<Database>, request: DeleteRequest): Promise<DeleteAnswer> {
  return writeAs(db, request, async (trx) => {
    const game = await lockGame(trx, request.gameId)
    if (game === null) return { kind: 'not_found' }
    if (game.deletedAt !== null) return { kind: 'already_deleting' }
    if (request.ifMatch !== undefined && request.ifMatch !== game.resourceVersion) {
      return { kind: 'precondition_failed', resourceVersion: game.resourceVersion }
    }
    if (request.onlyIfManagedBy !== undefined && request.onlyIfManagedBy !== game.managedBy) {
      return { kind: 'conflict', message: `game ${game.gameId} is managed by ${game.managedBy}, not by ${request.onlyIfManagedBy}` }
    }
    await trx
      .updateTable('desired_games')
      .set({ deleted_at: sql<Date>`now()`, purge_state: request.purge })
      .where('game_id', '=', request.gameId)
      .execute()
    await request.alongside?.(trx)
    return { kind: 'deleted' }
  })
}
