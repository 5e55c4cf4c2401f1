import type { Kysely } from 'kysely'
import type { Database } from '../database/tables.ts'
import type { FieldChange } from '../desired/apply-plan.ts'
import type { VerbRequest } from '../desired/verb.ts'
import { requestVerb } from '../desired/verbs.ts'
import { otherVersion } from './if-match.ts'
import type { ControllerView, PlanAnswer } from './ports.ts'
import { ApiProblem } from './problem.ts'

export type VerbResult =
  | { readonly kind: 'queued'; readonly operationId: string }
  | { readonly kind: 'dry_run'; readonly answer: VerbDryRun }

export interface VerbDryRun {
  readonly kind: 'DryRun'
  readonly game: string
  readonly op: string
  readonly changes: readonly FieldChange[]
  /** Null on a standby. */
  readonly plan: PlanAnswer | null
}

/** @throws ApiProblem for what is refused at once, with nothing written */
export async function askVerb(db: Kysely<Database>, view: ControllerView, request: VerbRequest): Promise<VerbResult> {
  const { gameId, verb } = request
  const answer = await requestVerb(db, request)
  switch (answer.kind) {
    case 'queued':
      return answer
    case 'dry_run': {
      const plan = view.isLeader() ? await view.planFor(gameId, answer.game, answer.operation) : null
      return { kind: 'dry_run', answer: { kind: 'DryRun', game: gameId, op: verb.op, changes: answer.changes, plan } }
    }
    case 'precondition_failed':
      throw otherVersion(answer.expected, answer.found)
    case 'refused':
      throw new ApiProblem(answer.code, answer.message)
  }
}
