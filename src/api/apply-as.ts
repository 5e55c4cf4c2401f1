import type { Kysely } from 'kysely'
import type { Database } from '../database/tables.ts'
import { type ApplyResult, applyDocuments } from '../desired/apply.ts'
import { type ManifestDocument, subjectOf } from '../desired/manifest/document.ts'
import { holdersOf } from '../desired/manifest/holder.ts'
import { sourceOf } from '../desired/manifest/prune.ts'
import { keyOf, loadRecorded, type RecordedDocument } from '../desired/manifest/store.ts'
import type { ImagePolicy } from '../desired/resolve-image.ts'

interface Asked {
  readonly force: boolean
  readonly dryRun: boolean
  /** Who asks, for the operation log. */
  readonly askedBy: string
}

/** One result per document, in their order. */
export async function applyAsApi(
  db: Kysely<Database>,
  policy: ImagePolicy,
  { force, dryRun, askedBy }: Asked,
  documents: readonly ManifestDocument[],
): Promise<readonly ApplyResult[]> {
  return nameHolders(db, await applyDocuments(db, { documents, policy, source: 'api', sourceRef: placeAnd(askedBy), force, dryRun }))
}

/**
 * As the rescan of the watched folder would; what is recorded of its documents is left to the rescan, which holds the lease.
 *
 * @param own with their paths relative to the root
 */
export async function applyAsRoot(
  db: Kysely<Database>,
  policy: ImagePolicy,
  { force, dryRun, askedBy }: Asked,
  root: string,
  own: readonly ManifestDocument[],
): Promise<readonly ApplyResult[]> {
  const recorded = (await loadRecorded(db, root)).documents
  const sentPaths = new Set(own.map(({ path }) => path))
  const recordOf = (document: ManifestDocument) => recorded.get(keyOf(document.kind, subjectOf(document)))
  const elsewhere = own.map((document) => heldElsewhere(document, recordOf(document), sentPaths))
  const documents = own.filter((_, index) => elsewhere[index] === null)
  const results = await applyDocuments(db, {
    documents,
    policy,
    source: sourceOf(root),
    sourceRef: placeAnd(askedBy),
    force,
    dryRun,
    previous: (document) => recordOf(document)?.document ?? undefined,
  })
  const answers = new Map(documents.map((document, index) => [document, results[index]]))
  return own.flatMap((document, index) => elsewhere[index] ?? answers.get(document) ?? [])
}

/** `games.yaml:6, token ci, request 0192…`. */
function placeAnd(askedBy: string): (document: ManifestDocument) => string {
  return ({ path, line }) => `${path}:${line}, ${askedBy}`
}

/** The folder gives a game or a version to the file that had it first. */
function heldElsewhere(
  document: ManifestDocument,
  recorded: RecordedDocument | undefined,
  sentPaths: ReadonlySet<string>,
): ApplyResult | null {
  if (recorded === undefined || recorded.missingSince !== null || sentPaths.has(recorded.path)) return null
  const name = subjectOf(document)
  const problem = `${recorded.path}:${recorded.line} has ${document.kind} ${name} already; expected each game and engine version once`
  return { kind: document.kind, name, outcome: 'refused', changes: [], problem, code: 'conflict' }
}

/** Who is refused a game of the watched folder is told which of its files to edit. */
export async function nameHolders(db: Kysely<Database>, results: readonly ApplyResult[]): Promise<readonly ApplyResult[]> {
  const refused = results.filter(({ kind, code }) => kind === 'Game' && code === 'conflict').map(({ name }) => name)
  if (refused.length === 0) return results
  const holders = await holdersOf(db, refused)
  return results.map((result) => {
    const holder = holders.get(result.name)
    if (result.kind !== 'Game' || result.code !== 'conflict' || holder?.owner == null) return result
    const owner = `game ${result.name} is managed by ${holder.owner}`
    return { ...result, problem: `${owner}: edit ${holder.place}, which applies by itself; or take the game over with --force-conflicts` }
  })
}
