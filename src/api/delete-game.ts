import type { Kysely } from 'kysely'
import type { Database } from '../database/tables.ts'
import { deleteGame as setTombstone } from '../desired/delete-game.ts'
import { holdersOf } from '../desired/manifest/holder.ts'
import { requireVersion } from './if-match.ts'
import { ApiProblem } from './problem.ts'

export interface DeleteRequest {
  readonly gameId: string
  readonly purgeState: boolean
  /** Null: whatever it is. */
  readonly expectedVersion: string | null
  readonly dryRun: boolean
  /** Who asks, for the operation log. */
  readonly sourceRef: string
}

/**
 * Sets the tombstone; the controller does the rest. One that is there already is success, unless it lacks a wished purge.
 * @returns what the caller should know, in an operator's words
 * @throws ApiProblem `not_found`, `precondition_failed` or `conflict`
 */
export async function deleteGame(db: Kysely<Database>, request: DeleteRequest): Promise<{ readonly warnings: readonly string[] }> {
  await requestDelete(db, request)
  const holder = (await holdersOf(db, [request.gameId])).get(request.gameId)
  return { warnings: holder === undefined ? [] : [comesBack(request.gameId, holder.place)] }
}

function comesBack(gameId: string, place: string): string {
  return `${place} still asks for game ${gameId}, so the watched folder makes it again; take the document out of it to be rid of the game`
}

async function requestDelete(db: Kysely<Database>, request: DeleteRequest): Promise<void> {
  const { gameId, purgeState, expectedVersion, sourceRef } = request
  if (request.dryRun) return checkDelete(db, request)
  const ifMatch = expectedVersion ?? undefined
  const answer = await setTombstone(db, { source: 'api', sourceRef, gameId, purge: purgeState, ifMatch })
  switch (answer.kind) {
    case 'deleted':
      return
    case 'already_deleting':
      return checkDelete(db, request)
    case 'not_found':
      throw new ApiProblem('not_found', `there is no game ${gameId}`)
    case 'precondition_failed':
      return requireVersion(expectedVersion, Number(answer.resourceVersion))
    case 'conflict':
      throw new ApiProblem('conflict', answer.message)
  }
}

async function checkDelete(db: Kysely<Database>, { gameId, purgeState, expectedVersion }: DeleteRequest): Promise<void> {
  const row = await db
    .selectFrom('desired_games')
    .select(['resource_version', 'deleted_at', 'purge_state'])
    .where('game_id', '=', gameId)
    .executeTakeFirst()
  if (row === undefined) throw new ApiProblem('not_found', `there is no game ${gameId}`)
  requireVersion(expectedVersion, row.resource_version)
  if (row.deleted_at !== null && purgeState && !row.purge_state) {
    throw new ApiProblem('conflict', `game ${gameId} is being deleted without its state already`)
  }
}
