import { type Kysely, sql, type Transaction } from 'kysely'
import { v7 as uuid } from 'uuid'
import type { Database } from '../database/tables.ts'
import type { DesiredGame } from '../model/game.ts'
import { type OperationDetail, type OperationKind, QUEUED_REF, type QueuedOperation, restartRef } from '../model/operation.ts'
import { refOf } from '../model/turn.ts'
import { type FieldChange, isSame } from './apply-plan.ts'
import { insertNewGame, lockGame, updateGame } from './game-row.ts'
import { newGame } from './new-game.ts'
import { readDesired } from './rows.ts'
import { type Verb, type VerbRequest, type VerbWrite, writerOf } from './verb.ts'
import { decideVerb } from './verb-decision.ts'
import { orRefusal, type Refusal, sayWho } from './writer.ts'

export type VerbAnswer =
  | { readonly kind: 'queued'; readonly operationId: string }
  /** The row and its queued operation as they would be. */
  | {
      readonly kind: 'dry_run'
      readonly changes: readonly FieldChange[]
      readonly game: DesiredGame
      readonly operation: QueuedOperation
    }
  /** Resource versions; nothing is found where there is no such game. */
  | PreconditionFailed
  | Refusal

interface PreconditionFailed {
  readonly kind: 'precondition_failed'
  readonly expected: string
  readonly found: string | null
}

/**
 * Writes what a verb asks for into the game's row, and queues the operation that will do it, in one transaction. Row and
 * operation name each other: `written_ref` begins with `operation:<id>`, and a token is made from the operation's id. A verb
 * that changes nothing is queued as well; the loop finds nothing to do for it.
 *
 * @throws when the database fails: nothing is written, or the commit's answer was lost
 */
export async function requestVerb(db: Kysely<Database>, request: VerbRequest): Promise<VerbAnswer> {
  if (request.dryRun) return foresee(db, request)
  for (;;) {
    const answer = await orRefusal(() => db.transaction().execute((trx) => write(trx, request)))
    if (answer.kind !== 'overtaken') return answer
  }
}

async function write(trx: Transaction<Database>, request: VerbRequest): Promise<VerbAnswer | { readonly kind: 'overtaken' }> {
  const { gameId } = request
  const row = await lockGame(trx, gameId)
  const failed = failedPrecondition(row, request)
  if (failed !== null) return failed
  // Made under the row's lock, so that ids are in the order of the writes.
  const operationId = uuid()
  const decision = await decideVerb(trx, request, row, operationId)
  if (decision.kind === 'refused') return decision
  await sayWho(trx, { source: writerOf(request), sourceRef: `${QUEUED_REF}${operationId} ${request.askedBy}` })
  if (row !== null) await updateGame(trx, gameId, decision.fields, decision.owner)
  // Judged anew on the row that somebody else has made.
  else if (!(await insertNewGame(trx, gameId, decision.fields))) return { kind: 'overtaken' }
  await queue(trx, request, decision, operationId)
  return { kind: 'queued', operationId }
}

async function queue(trx: Transaction<Database>, request: VerbRequest, decision: VerbWrite, operationId: string): Promise<void> {
  const { gameId } = request
  const { generation } = await trx.selectFrom('desired_games').select('generation').where('game_id', '=', gameId).executeTakeFirstOrThrow()
  const { op, detail, source, sourceRef, imageRef } = operationOf(request, decision, operationId, generation)
  await trx
    .insertInto('operation_log')
    .values({
      operation_id: operationId,
      game_id: gameId,
      op,
      op_detail: detail,
      source,
      source_ref: sourceRef,
      status: 'queued',
      generation,
      cause: decision.cause,
      image_ref: imageRef,
      queued_at: sql<Date>`clock_timestamp()`,
    })
    .execute()
}

function operationOf(
  { verb, door, askedBy }: VerbRequest,
  { imageRef }: VerbWrite,
  operationId: string,
  generation: number,
): QueuedOperation {
  const sourceRef = sourceRefOf(verb, operationId, generation, askedBy)
  return { operationId, ...kindOf(verb), source: door, sourceRef, generation, imageRef }
}

/** The log knows a cleanup as a kind of reconciliation (spec 1, "Wire vocabulary"). */
function kindOf({ op }: Verb): { readonly op: OperationKind; readonly detail: OperationDetail | null } {
  return op === 'cleanup' ? { op: 'reconcile', detail: 'cleanup' } : { op, detail: null }
}

/** What asks by a token is known to the loop by that token. */
function sourceRefOf({ op }: Verb, operationId: string, generation: number, askedBy: string): string {
  if (op === 'restart') return restartRef(operationId)
  return op === 'force_next_turn' ? refOf({ kind: 'token', token: operationId, generation }) : askedBy
}

async function foresee(db: Kysely<Database>, request: VerbRequest): Promise<VerbAnswer> {
  const { gameId } = request
  const row = (await readDesired(db, [gameId])).games[0] ?? null
  const failed = failedPrecondition(row, request)
  if (failed !== null) return failed
  const operationId = uuid()
  const decision = await decideVerb(db, request, row, operationId)
  if (decision.kind === 'refused') return decision
  const { fields, owner } = decision
  const before = row ?? newGame(gameId, writerOf(request))
  const changes = changesOf(row, fields)
  const generation = before.generation + (changes.length > 0 ? 1 : 0)
  const game = { ...before, ...fields, managedBy: owner ?? before.managedBy, generation }
  return { kind: 'dry_run', changes, game, operation: operationOf(request, decision, operationId, generation) }
}

function changesOf(row: DesiredGame | null, fields: VerbWrite['fields']): readonly FieldChange[] {
  return Object.entries(fields)
    .map(([path, after]) => ({
      path: path === 'imageRef' ? 'image' : path,
      before: row === null ? undefined : Reflect.get(row, path),
      after,
    }))
    .filter(({ before, after }) => !isSame(before, after))
}

/** Where there is no game, a verb that makes none says so itself. */
function failedPrecondition(row: DesiredGame | null, { ifMatch, verb }: VerbRequest): PreconditionFailed | null {
  if (ifMatch === null || (row === null && verb.op !== 'start') || row?.resourceVersion === ifMatch) return null
  return { kind: 'precondition_failed', expected: ifMatch, found: row?.resourceVersion ?? null }
}
