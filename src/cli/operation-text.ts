import { ageOf } from './age.ts'
import type { Action, OperationDetail } from './api-types.ts'
import { operationName } from './operations.ts'
import { indent, plain } from './table.ts'

/** What was done, how it ended, who asked for it and why, then each step. */
export function describeOperation(operation: OperationDetail, nowMs: number): string {
  const age = ageOf(operation.startedAt ?? operation.queuedAt, nowMs)
  const code = operation.errorCode === null ? '' : ` (${operation.errorCode})`
  const head = `${age} ago  ${operationName(operation)}  ${operation.status}${code}  by ${operation.source}${operation.sourceRef === null ? '' : ` at ${plain(operation.sourceRef)}`}`
  const lines = [
    `cause: ${plain(operation.cause)}`,
    ...(operation.errorMessage === null ? [] : [`error: ${plain(operation.errorMessage)}`]),
    ...operation.actions.map(actionLine),
  ]
  return `${head}\n${indent(lines.join('\n'))}`
}

/** One step of an operation: what was done to what, why, and what came of it. */
export function actionLine({ kind, target, reason, outcome, durationMs, error }: Action): string {
  const took = durationMs === null ? '' : ` in ${Math.round(durationMs)} ms`
  return `${kind} ${shortened(plain(target))}: ${plain(reason)} → ${outcome ?? 'under way'}${took}${error === null ? '' : `: ${plain(error)}`}`
}

/** A container's id as Docker prints it; everything else as it is. */
function shortened(target: string): string {
  return /^[0-9a-f]{64}$/.test(target) ? target.slice(0, 12) : target
}
