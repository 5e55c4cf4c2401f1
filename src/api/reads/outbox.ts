import type { Kysely, Selectable } from 'kysely'
import type { Database } from '../../database/tables.ts'
import type { Page } from '../../record/queries.ts'

/** `waiting`: not sent yet, or to be tried again; `dead`: given up after too many attempts. */
export const OUTBOX_STATES = ['waiting', 'delivered', 'dead'] as const
export type OutboxState = (typeof OUTBOX_STATES)[number]

export type OutboxRow = Readonly<Selectable<Database['outbox']>>

export interface OutboxPage {
  /** Null: of all games. */
  readonly gameId: string | null
  /** Null: in any. */
  readonly state: OutboxState | null
  readonly limit: number
  /** Id of the last row of the page before. */
  readonly before: number | null
}

/** Newest first. */
export async function listOutbox(db: Kysely<Database>, { gameId, state, limit, before }: OutboxPage): Promise<Page<OutboxRow, number>> {
  let query = db
    .selectFrom('outbox')
    .selectAll()
    .orderBy('id', 'desc')
    .limit(limit + 1)
  if (gameId !== null) query = query.where('game_id', '=', gameId)
  if (before !== null) query = query.where('id', '<', before)
  switch (state) {
    case null:
      break
    case 'waiting':
      query = query.where('delivered_at', 'is', null).where('dead_at', 'is', null)
      break
    case 'delivered':
      query = query.where('delivered_at', 'is not', null)
      break
    case 'dead':
      query = query.where('dead_at', 'is not', null)
      break
  }
  const rows = await query.execute()
  return { rows: rows.slice(0, limit), next: rows.length > limit ? (rows[limit - 1]?.id ?? null) : null }
}

/** Null when there is none of that id, or no longer. */
export async function findOutboxRow(db: Kysely<Database>, rowId: number): Promise<OutboxRow | null> {
  return (await db.selectFrom('outbox').selectAll().where('id', '=', rowId).executeTakeFirst()) ?? null
}

/** A row as the doors show it. */
export function toOutboxEvent(row: OutboxRow) {
  const state = stateOf(row)
  return {
    id: row.id,
    /** What the receiver sees as `id` and `Galaxy-Event-Id`. */
    eventId: row.idempotency_key,
    game: row.game_id,
    type: row.type,
    state,
    attempts: row.attempts,
    createdAt: row.created_at,
    /** Not before then, and not before those of the same game in front of it. */
    nextAttemptAt: state === 'waiting' ? row.next_attempt_at : null,
    deliveredAt: row.delivered_at,
    deadAt: row.dead_at,
    /** Of the last attempt that failed, also where a later one succeeded. */
    lastError: row.last_error,
    payload: row.payload,
  }
}

function stateOf(row: OutboxRow): OutboxState {
  if (row.delivered_at !== null) return 'delivered'
  return row.dead_at === null ? 'waiting' : 'dead'
}
