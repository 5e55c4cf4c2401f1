import type { Kysely } from 'kysely'
import type { Database } from '../database/tables.ts'
import { type ApplyResult, applyDocuments } from '../desired/apply.ts'
import type { GameDocument } from '../desired/manifest/document.ts'
import type { ImagePolicy } from '../desired/resolve-image.ts'
import { nameHolders } from './apply-as.ts'
import { bodyDocument } from './body-document.ts'
import { requireVersion } from './if-match.ts'
import { ApiProblem } from './problem.ts'

export interface PutRequest {
  /** From the address; the body must name the same game. */
  readonly gameId: string
  /** A Game manifest as JSON. */
  readonly body: unknown
  /** What the body was made from: then only fields in which they differ are asked for. */
  readonly previous?: GameDocument
  /** Null: whatever it is, also none. */
  readonly expectedVersion: string | null
  readonly force: boolean
  readonly dryRun: boolean
  /** Who asks, for the operation log. */
  readonly sourceRef: string
}

/**
 * Applies one game, by the very path that manifests take.
 * @throws ApiProblem `invalid_request`, `precondition_failed`, or `conflict` when somebody else manages the game
 */
export async function putGame(
  db: Kysely<Database>,
  policy: ImagePolicy,
  request: PutRequest,
): Promise<{ readonly document: GameDocument; readonly result: ApplyResult }> {
  const document = parseBody(request.gameId, request.body, policy)
  const { force, dryRun, previous } = request
  const checkVersion = () => requireStoredVersion(db, request.gameId, request.expectedVersion)
  await checkVersion()
  const results = await applyDocuments(db, {
    documents: [document],
    policy,
    source: 'api',
    sourceRef: () => request.sourceRef,
    force,
    dryRun,
    ...(previous !== undefined && { previous: () => previous }),
    // Once more while the row is locked: another connection still sees the version that is about to be overwritten.
    ...(request.expectedVersion !== null && { alongside: checkVersion }),
  })
  const [result] = await nameHolders(db, results)
  if (result === undefined) throw new ApiProblem('internal_error', 'nothing came of the document')
  if (result.outcome === 'refused') throw new ApiProblem(result.code ?? 'conflict', result.problem ?? 'refused')
  return { document, result }
}

function parseBody(gameId: string, body: unknown, policy: ImagePolicy): GameDocument {
  const document = bodyDocument(body, 'Game', policy)
  if (document.name !== gameId)
    throw new ApiProblem('invalid_request', `metadata.name is ${document.name}, but the address names ${gameId}`)
  return document
}

async function requireStoredVersion(db: Kysely<Database>, gameId: string, expectedVersion: string | null): Promise<void> {
  if (expectedVersion === null) return
  const row = await db.selectFrom('desired_games').select('resource_version').where('game_id', '=', gameId).executeTakeFirst()
  requireVersion(expectedVersion, row?.resource_version ?? null)
}
