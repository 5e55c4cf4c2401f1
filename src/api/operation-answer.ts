import type { ActionRow, OperationRow } from '../record/queries.ts'

export type OperationAnswer = ReturnType<typeof toOperation>
export type ActionAnswer = ReturnType<typeof toAction>

/** An operation as the doors show it. */
export function toOperation(row: OperationRow) {
  return {
    id: row.operation_id,
    game: row.game_id,
    op: row.op,
    detail: row.op_detail,
    source: row.source,
    sourceRef: row.source_ref,
    status: row.status,
    generation: row.generation,
    cause: row.cause,
    image: row.image_ref,
    containerId: row.container_id,
    errorCode: row.error_code,
    errorMessage: row.error_message,
    queuedAt: row.queued_at,
    startedAt: row.started_at,
    finishedAt: row.finished_at,
  }
}

export function toAction(row: Omit<ActionRow, 'result'>) {
  return {
    seq: row.seq,
    kind: row.kind,
    target: row.target,
    reason: row.reason,
    outcome: row.outcome,
    error: row.error,
    startedAt: row.intent_at,
    durationMs: row.duration_ms,
  }
}
