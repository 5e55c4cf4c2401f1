import { type Kysely, type RawBuilder, sql } from 'kysely'
import { storableText } from '../database/storable.ts'
import type { Database } from '../database/tables.ts'
import { RuntimeFailure } from '../model/errors.ts'
import type { OperationDetail, OperationKind, OperationResult, OperationSource } from '../model/operation.ts'
import { type GameWrite, gameParts } from './game-write.ts'
import { type ActionIntent, type ActionOutcome, intentRows, outcomeRows, type Part, runParts } from './statement.ts'

/**
 * The write-ahead log. Every function is one statement, so one round trip and one transaction (spec 3, "Operation log":
 * a start costs at most three), except for the end of a deletion, which is two in one transaction; each can be repeated when
 * its answer was lost. The connection's session must carry the lease epoch; otherwise the fence refuses the write with SQLSTATE GX001.
 *
 *     queued ──openOperation──► running ──saveProgress*──► running ──closeOperation──► succeeded | failed
 */

export interface NewOperation {
  /** UUID v7; the id of a queued operation takes that one up. */
  readonly operationId: string
  readonly op: OperationKind
  readonly detail: OperationDetail | null
  readonly source: OperationSource
  readonly sourceRef: string | null
  readonly generation: number | null
  readonly cause: string
  readonly imageRef: string | null
  readonly leaseEpoch: number
  readonly startedAt: Date
}

export interface OpenOperation {
  readonly operation: NewOperation
  /** Numbered from 0. */
  readonly intents: readonly ActionIntent[]
  readonly write: GameWrite
}

export interface Progress {
  readonly operationId: string
  readonly outcomes: readonly ActionOutcome[]
  readonly intents: { readonly firstSeq: number; readonly actions: readonly ActionIntent[] }
  readonly write: GameWrite
}

export interface CloseOperation {
  readonly operationId: string
  /** Intents that have no outcome here nor in the log become `not_attempted`. */
  readonly outcomes: readonly ActionOutcome[]
  readonly result: OperationResult
  readonly containerId: string | null
  /** Null keeps the one it was opened with. */
  readonly imageRef: string | null
  readonly finishedAt: Date
  readonly write: GameWrite
}

/**
 * Commits an operation and its intents before their first effect; the row is the game's lock.
 *
 * @throws unique violation (`conflict`) while another operation of the game runs; 55000 when this one has ended already
 */
export async function openOperation(db: Kysely<Database>, { operation, intents, write }: OpenOperation): Promise<void> {
  const opened = sql`
    INSERT INTO operation_log (operation_id, game_id, op, op_detail, source, source_ref, status, generation, cause, image_ref,
      lease_epoch, started_at)
    VALUES (${operation.operationId}, ${write.gameId}, ${operation.op}, ${operation.detail}, ${operation.source},
      ${operation.sourceRef}, 'running', ${operation.generation}, ${storableText(operation.cause)}, ${operation.imageRef},
      ${operation.leaseEpoch}, ${operation.startedAt})
    ON CONFLICT (operation_id) DO UPDATE SET
      op = EXCLUDED.op, op_detail = EXCLUDED.op_detail, status = 'running', generation = EXCLUDED.generation,
      cause = EXCLUDED.cause, image_ref = EXCLUDED.image_ref, lease_epoch = EXCLUDED.lease_epoch,
      started_at = EXCLUDED.started_at`
  const logged = sql`
    INSERT INTO operation_actions (operation_id, seq, kind, target, reason)
    SELECT ${operation.operationId}::uuid, i.seq, i.kind, i.target, i.reason FROM ${intentRows(0, intents)}
    ON CONFLICT DO NOTHING`
  await runParts(db, [{ name: 'opened', query: opened }, ...partWhen(intents.length > 0, 'logged', logged), ...gameParts(write)])
  await forgetWhenAsked(db, write)
}

/**
 * Writes outcomes so far and the next intents, before the latter's first effect.
 *
 * @throws RuntimeFailure `conflict` when the operation is not running: nothing more may be done in its name
 */
export async function saveProgress(db: Kysely<Database>, { operationId, outcomes, intents, write }: Progress): Promise<void> {
  const settled = sql`
    UPDATE operation_actions a SET outcome = o.outcome, error = o.error, duration_ms = o.duration_ms, result = o.result
      FROM ${outcomeRows(outcomes)}
     WHERE a.operation_id = ${operationId} AND a.seq = o.seq AND a.outcome IS NULL`
  const logged = sql`
    INSERT INTO operation_actions (operation_id, seq, kind, target, reason)
    SELECT l.operation_id, i.seq, i.kind, i.target, i.reason
      FROM ${intentRows(intents.firstSeq, intents.actions)} JOIN operation_log l
        ON l.operation_id = ${operationId} AND l.status = 'running'
    ON CONFLICT DO NOTHING`
  const rows = await runParts<{ running: boolean }>(
    db,
    [...partWhen(outcomes.length > 0, 'settled', settled), ...partWhen(intents.actions.length > 0, 'logged', logged), ...gameParts(write)],
    sql`EXISTS (SELECT FROM operation_log WHERE operation_id = ${operationId} AND status = 'running') AS running`,
  )
  if (rows[0]?.running !== true) throw notRunning(write.gameId, operationId)
  await forgetWhenAsked(db, write)
}

/**
 * Writes the last outcomes, the result and the game's new state. Closing again in the same way changes nothing.
 *
 * @throws 55000 when the operation ended otherwise; RuntimeFailure `conflict` when there is no such operation
 */
export async function closeOperation(db: Kysely<Database>, close: CloseOperation): Promise<void> {
  const { operationId, outcomes, result, write } = close
  const message = result.status === 'failed' ? storableText(result.message) : null
  const settled = sql`
    UPDATE operation_actions a
       SET outcome = coalesce(o.outcome, 'not_attempted'), error = o.error, duration_ms = o.duration_ms, result = o.result
      FROM operation_actions open LEFT JOIN ${outcomeRows(outcomes)} ON o.seq = open.seq
     WHERE open.operation_id = ${operationId} AND open.outcome IS NULL
       AND a.operation_id = open.operation_id AND a.seq = open.seq`
  const closed = sql`
    UPDATE operation_log
       SET status = ${result.status}, error_code = ${result.code}, error_message = ${message},
           container_id = ${close.containerId}, image_ref = coalesce(${close.imageRef}, image_ref),
           started_at = coalesce(started_at, ${close.finishedAt}::timestamptz), finished_at = ${close.finishedAt}
     WHERE operation_id = ${operationId}
       AND (status, finished_at) IS DISTINCT FROM (${result.status}, ${close.finishedAt}::timestamptz)`
  const run = async (on: Kysely<Database>): Promise<void> => {
    const rows = await runParts<{ known: boolean }>(
      on,
      [{ name: 'settled', query: settled }, { name: 'closed', query: closed }, ...gameParts(write)],
      sql`EXISTS (SELECT FROM operation_log WHERE operation_id = ${operationId}) AS known`,
    )
    if (rows[0]?.known !== true) throw notRunning(write.gameId, operationId)
    await forgetWhenAsked(on, write)
  }
  // A deletion that has ended and whose row is still there would be done again by the next controller.
  await (write.forget === true ? db.transaction().execute(run) : run(db))
}

/** Writes a game outside of any operation; a write that holds nothing costs nothing. */
export async function saveGame(db: Kysely<Database>, write: GameWrite): Promise<void> {
  const parts = gameParts(write)
  if (parts.length > 0) await runParts(db, parts)
  await forgetWhenAsked(db, write)
}

/**
 * A statement of its own: the DELETE's trigger asks for live records, and whether it would see the record's removal
 * within the same statement is up to the executor's order.
 */
async function forgetWhenAsked(db: Kysely<Database>, { gameId, forget }: GameWrite): Promise<void> {
  if (forget !== true) return
  // The update stands under the fence even when it matches nothing, and takes the deletion with it.
  await sql`
    WITH gone AS (DELETE FROM desired_games WHERE game_id = ${gameId} AND deleted_at IS NOT NULL RETURNING game_id)
    UPDATE game_status s
       SET accepted_spec = NULL, accepted_generation = NULL, observed_generation = 0, handled_restart_token = NULL,
           handled_turn_token = NULL, conditions = '[]', backoff = NULL, observed_from = NULL,
           observed_at = NULL, updated_at = clock_timestamp()
      FROM gone WHERE s.game_id = gone.game_id`.execute(db)
}

function partWhen(isNeeded: boolean, name: string, query: RawBuilder<unknown>): readonly Part[] {
  return isNeeded ? [{ name, query }] : []
}

function notRunning(gameId: string, operationId: string): RuntimeFailure {
  return new RuntimeFailure('conflict', 'conflict', `operation ${operationId} of game ${gameId} is not running`)
}
