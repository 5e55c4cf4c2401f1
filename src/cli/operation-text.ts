import type { Action } from './api-types.ts'
import { plain } from './table.ts'

/** One step of an operation: what was done to what, why, and what came of it. */
export function actionLine({ kind, target, reason, outcome, durationMs, error }: Action): string {
  const took = durationMs === null ? '' : ` in ${Math.round(durationMs)} ms`
  return `${kind} ${shortened(plain(target))}: ${plain(reason)} → ${outcome ?? 'under way'}${took}${error === null ? '' : `: ${plain(error)}`}`
}

/** A container's id as Docker prints it; everything else as it is. */
function shortened(target: string): string {
  return /^[0-9a-f]{64}$/.test(target) ? target.slice(0, 12) : target
}
