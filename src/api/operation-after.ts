import type { Kysely } from 'kysely'
import { setTimeout as delay } from 'node:timers/promises'
import type { Database } from '../database/tables.ts'
import { findOperation } from '../record/queries.ts'
import { toAction, toOperation } from './operation-answer.ts'
import { ApiProblem } from './problem.ts'

const WAIT_POLL_MS = 200

/**
 * The operation as soon as it has ended, or as it is once the waiting is over.
 * @throws ApiProblem `not_found`
 */
export async function operationAfter(db: Kysely<Database>, operationId: string, waitMs: number, signal: AbortSignal) {
  const deadlineMs = performance.now() + waitMs
  for (;;) {
    const found = await findOperation(db, operationId)
    if (found === null) throw new ApiProblem('not_found', `there is no operation ${operationId}`)
    const hasEnded = found.operation.status === 'succeeded' || found.operation.status === 'failed'
    if (hasEnded || signal.aborted || performance.now() >= deadlineMs) {
      return { kind: 'Operation' as const, ...toOperation(found.operation), actions: found.actions.map(toAction) }
    }
    await delay(WAIT_POLL_MS, undefined, { signal }).catch(() => undefined)
  }
}
