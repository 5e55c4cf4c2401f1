import type { Kysely } from 'kysely'
import type { Database } from '../database/tables.ts'
import type { OperationDetail, OperationKind, OperationSource, QueuedOperation } from '../model/operation.ts'
import { anyOf } from './any-of.ts'

/** By game, oldest first: operations that were asked for and have not begun. */
export async function loadQueued(
  db: Kysely<Database>,
  gameIds: readonly string[] | undefined,
): Promise<ReadonlyMap<string, readonly QueuedOperation[]>> {
  const rows = await db
    .selectFrom('operation_log')
    .select(['operation_id', 'game_id', 'op', 'op_detail', 'source', 'source_ref', 'generation', 'image_ref'])
    .where('status', '=', 'queued')
    .$if(gameIds !== undefined, (query) => query.where('game_id', '=', anyOf(gameIds)))
    .orderBy('operation_id')
    .execute()
  const byGame = Map.groupBy(rows, (row) => row.game_id)
  return new Map([...byGame].map(([gameId, operations]) => [gameId, operations.map(toQueued)]))
}

function toQueued(row: {
  readonly operation_id: string
  readonly op: string
  readonly op_detail: string | null
  readonly source: string
  readonly source_ref: string | null
  readonly generation: number | null
  readonly image_ref: string | null
}): QueuedOperation {
  return {
    operationId: row.operation_id,
    // CHECK constraints hold all three to the model's words.
    op: row.op as OperationKind,
    detail: row.op_detail as OperationDetail | null,
    source: row.source as OperationSource,
    sourceRef: row.source_ref,
    generation: row.generation ?? 0,
    imageRef: row.image_ref,
  }
}

/** Whether anybody asks for the game, be it on its way out. */
export async function isDesired(db: Kysely<Database>, gameId: string): Promise<boolean> {
  return (await db.selectFrom('desired_games').select('game_id').where('game_id', '=', gameId).executeTakeFirst()) !== undefined
}
