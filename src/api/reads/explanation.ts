import type { Kysely, Selectable } from 'kysely'
import type { DesiredChangesTable } from '../../database/change-table.ts'
import type { Database, HealthEventsTable, OperationActionsTable } from '../../database/tables.ts'
import { listOperations, type OperationRow } from '../../record/queries.ts'

export type ChangeRow = Readonly<Selectable<DesiredChangesTable>>
export type ActionOfRow = Readonly<Omit<Selectable<OperationActionsTable>, 'result'>>
type EventRow = Readonly<Selectable<HealthEventsTable>>

/** What the database knows of a game's past, each list oldest first. */
export interface Past {
  readonly operations: readonly OperationRow[]
  readonly actions: readonly ActionOfRow[]
  readonly changes: readonly ChangeRow[]
  readonly events: readonly EventRow[]
}

/** Beside each operation there are seldom more than a few of either. */
const CHANGES_PER_OPERATION = 5
const EVENTS_PER_OPERATION = 10

/** The last operations of a game, with the changes of its row and the events of its container from then on. */
export async function readPast(db: Kysely<Database>, gameId: string, limit: number): Promise<Past> {
  const { rows: newestFirst } = await listOperations(db, { gameId, limit, before: null })
  const operations = newestFirst.toReversed()
  const ids = operations.map(({ operation_id: id }) => id)
  const [actions, changes, events] = await Promise.all([
    ids.length === 0 ? [] : readActions(db, ids),
    db
      .selectFrom('desired_changes')
      .selectAll()
      .where('game_id', '=', gameId)
      .orderBy('id', 'desc')
      .limit(limit * CHANGES_PER_OPERATION)
      .execute(),
    db
      .selectFrom('health_events')
      .selectAll()
      .where('game_id', '=', gameId)
      .orderBy('id', 'desc')
      .limit(limit * EVENTS_PER_OPERATION)
      .execute(),
  ])
  return { operations, actions, changes: changes.toReversed(), events: events.toReversed() }
}

function readActions(db: Kysely<Database>, operationIds: readonly string[]): Promise<readonly ActionOfRow[]> {
  return db
    .selectFrom('operation_actions')
    .select(['operation_id', 'seq', 'kind', 'target', 'reason', 'intent_at', 'outcome', 'error', 'duration_ms'])
    .where('operation_id', 'in', operationIds)
    .orderBy('operation_id')
    .orderBy('seq')
    .execute()
}
