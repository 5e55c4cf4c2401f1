import { type Kysely, sql } from 'kysely'
import { storableText } from '../database/storable.ts'
import type { Database } from '../database/tables.ts'
import type { OutboxEvent } from './event.ts'

/** What is to be written of an event that was sent. */
export type Outcome =
  | { readonly kind: 'delivered' }
  | { readonly kind: 'retry'; readonly error: string; readonly delayMs: number }
  | { readonly kind: 'dead'; readonly error: string }

export interface Sent {
  readonly event: OutboxEvent
  /** From 1. */
  readonly attempt: number
  readonly outcome: Outcome
}

export interface Due {
  readonly events: readonly OutboxEvent[]
  /** There are more of them than were asked for. */
  readonly hasMore: boolean
  /** Until the next one that waits for its time; null when none does. */
  readonly nextInMs: number | null
}

interface EventRow {
  readonly id: number
  readonly game_id: string
  readonly type: string
  readonly idempotency_key: string
  readonly created_at: Date
  readonly payload: string
  readonly attempts: number
}

/** New rows, and replayed ones, are notified of. */
export const OUTBOX_CHANNEL = 'galaxy_outbox'

const MAX_ERROR_LENGTH = 500

const isWaiting = sql`delivered_at IS NULL AND dead_at IS NULL`
const columns = sql`id, game_id, type, idempotency_key, created_at, payload::text AS payload, attempts`

/**
 * Heads of the games' queues whose time has come, at most one per game. A head is a game's lowest id that is neither
 * delivered nor dead: all games are looked at each time, and no place is remembered, since ids commit out of order.
 *
 * @param busy games that are left out
 */
export async function readDue(db: Kysely<Database>, busy: readonly string[], limit: number): Promise<Due> {
  // One index probe per game, however long its queue: a plain DISTINCT ON would read a whole backlog.
  const { rows } = await sql<{ due: number; wait_ms: number | null } & (EventRow | { readonly id: null })>`
    WITH RECURSIVE heads AS (
      (SELECT game_id, id, next_attempt_at FROM outbox WHERE ${isWaiting} ORDER BY game_id, id LIMIT 1)
      UNION ALL
      SELECT next.* FROM heads CROSS JOIN LATERAL (
        SELECT game_id, id, next_attempt_at FROM outbox
         WHERE ${isWaiting} AND outbox.game_id > heads.game_id ORDER BY game_id, id LIMIT 1) next),
    idle AS (SELECT id AS head, next_attempt_at <= now() AS is_due, next_attempt_at AS due_at FROM heads
              WHERE game_id <> ALL(${busy}::text[]))
    SELECT counted.due, counted.wait_ms, event.*
      FROM (SELECT count(*) FILTER (WHERE is_due) AS due,
                   extract(epoch FROM min(due_at) FILTER (WHERE NOT is_due) - now()) * 1000 AS wait_ms FROM idle) counted
      LEFT JOIN LATERAL (
        SELECT ${columns} FROM (SELECT head FROM idle WHERE is_due ORDER BY due_at, head LIMIT ${limit}) first
          JOIN outbox ON outbox.id = first.head) event ON true`.execute(db)
  const events = rows.flatMap((row) => (row.id === null ? [] : [toEvent(row)]))
  return { events, hasMore: (rows[0]?.due ?? 0) > events.length, nextInMs: rows[0]?.wait_ms ?? null }
}

/**
 * Writes what became of events, and returns the next one of each game that is through with its own, where it is due.
 *
 * An acknowledgement is written whoever got it. A failure is not when the row has changed meanwhile: a replay counts anew, and
 * of two terms that overlap only one counts.
 */
export async function markSent(db: Kysely<Database>, sent: readonly Sent[]): Promise<readonly OutboxEvent[]> {
  const ids = sent.map(({ event }) => event.rowId)
  const through = sent.filter(({ outcome }) => outcome.kind !== 'retry').map(({ event }) => event.gameId)
  const { rows } = await sql<EventRow>`
    WITH sent AS (
      SELECT * FROM unnest(${ids}::bigint[], ${sent.map(({ attempt }) => attempt)}::integer[], ${sent.map(({ outcome }) => outcome.kind)}::text[],
        ${sent.map(({ outcome }) => errorOf(outcome))}::text[], ${sent.map(({ outcome }) => delayMsOf(outcome))}::double precision[])
        AS one (id, attempt, outcome, error, delay_ms)),
    marked AS (
      UPDATE outbox SET
        attempts = sent.attempt,
        last_error = coalesce(sent.error, last_error),
        delivered_at = CASE sent.outcome WHEN 'delivered' THEN clock_timestamp() END,
        dead_at = CASE sent.outcome WHEN 'dead' THEN clock_timestamp() END,
        next_attempt_at = CASE sent.outcome WHEN 'retry' THEN clock_timestamp() + make_interval(secs => sent.delay_ms / 1000)
                                            ELSE next_attempt_at END
        FROM sent
       WHERE outbox.id = sent.id AND delivered_at IS NULL
         AND (sent.outcome = 'delivered' OR (dead_at IS NULL AND attempts = sent.attempt - 1)))
    SELECT next.* FROM unnest(${through}::text[]) AS game (id) CROSS JOIN LATERAL (
      SELECT ${columns}, next_attempt_at FROM outbox
       WHERE ${isWaiting} AND game_id = game.id AND outbox.id <> ALL(${ids}::bigint[]) ORDER BY game_id, outbox.id LIMIT 1) next
     WHERE next.next_attempt_at <= now()`.execute(db)
  return rows.map(toEvent)
}

function errorOf(outcome: Outcome): string | null {
  return outcome.kind === 'delivered' ? null : storableText(outcome.error).slice(0, MAX_ERROR_LENGTH)
}

function delayMsOf(outcome: Outcome): number | null {
  return outcome.kind === 'retry' ? outcome.delayMs : null
}

function toEvent(row: EventRow): OutboxEvent {
  return {
    rowId: row.id,
    gameId: row.game_id,
    type: row.type,
    eventId: row.idempotency_key,
    createdAt: row.created_at,
    payloadJson: row.payload,
    attempts: row.attempts,
  }
}
