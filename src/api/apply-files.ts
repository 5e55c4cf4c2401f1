import type { Kysely } from 'kysely'
import type { Database } from '../database/tables.ts'
import type { ApplyResult } from '../desired/apply.ts'
import type { ManifestDocument, ManifestProblem } from '../desired/manifest/document.ts'
import { duplicatesOf, parseManifestPatiently } from '../desired/manifest/parse.ts'
import { loadWatched, type WatchedPlace, watchedPlace } from '../desired/manifest/watched.ts'
import type { ImagePolicy } from '../desired/resolve-image.ts'
import { applyAsApi, applyAsRoot } from './apply-as.ts'
import { ApiProblem, type ProblemDetail } from './problem.ts'

export interface ApplyRequest {
  readonly files: readonly SentFile[]
  readonly force: boolean
  readonly dryRun: boolean
  /** Who asks, for the operation log. */
  readonly askedBy: string
}

export interface SentFile {
  /** As the sender names it, for messages. */
  readonly path: string
  /** Where it really lies on the sender's machine, links of its folder followed; none for what is no file. */
  readonly location?: string | undefined
  readonly text: string
}

export type DocumentResult = ApplyResult & { readonly path: string; readonly line: number }

/** Results in the order of the documents. */
export interface Applied {
  readonly documents: readonly ManifestDocument[]
  readonly results: readonly DocumentResult[]
}

/**
 * Applies all documents of all files. Those of the watched folder's own files are applied as the folder's rescan does, and
 * are the folder's; all others are the API's.
 *
 * @throws ApiProblem with every problem of every file: then nothing is applied
 */
export async function applyFiles(db: Kysely<Database>, policy: ImagePolicy, request: ApplyRequest, signal: AbortSignal): Promise<Applied> {
  const places = await placesOf(db, request.files)
  const parsed = []
  for (const { path, text } of request.files) parsed.push(await parseManifestPatiently(text, path, policy, signal))
  const documents = parsed.flatMap((file) => file.documents)
  const problems = [...parsed.flatMap((file) => file.problems), ...duplicatesOf(documents, () => false)]
  if (problems.length > 0) throw refusal(problems)
  if (documents.length === 0) throw new ApiProblem('invalid_request', 'there is no document in what was sent')

  const placed = parsed.flatMap((file, index) => file.documents.map((document) => ({ document, place: places[index] ?? null })))
  const results = await applyByOwner(db, policy, request, placed)
  return { documents, results: documents.flatMap((document) => locate(document, results.get(document))) }
}

interface Placed {
  readonly document: ManifestDocument
  readonly place: WatchedPlace | null
}

/** The watched folder's documents first: they may bring engine versions that the others ask for. */
async function applyByOwner(
  db: Kysely<Database>,
  policy: ImagePolicy,
  request: ApplyRequest,
  placed: readonly Placed[],
): Promise<ReadonlyMap<ManifestDocument, ApplyResult>> {
  const results = new Map<ManifestDocument, ApplyResult>()
  const take = (documents: readonly ManifestDocument[], answers: readonly ApplyResult[]) => {
    for (const [index, answer] of answers.entries()) {
      const document = documents[index]
      if (document !== undefined) results.set(document, answer)
    }
  }
  const watched = placed.flatMap(({ document, place }) => (place === null ? [] : [{ document, place }]))
  for (const [root, group] of Map.groupBy(watched, ({ place }) => place.root)) {
    const own = group.map(({ document, place }) => ({ ...document, path: place.path }))
    take(
      group.map(({ document }) => document),
      await applyAsRoot(db, policy, request, root, own),
    )
  }
  const others = placed.flatMap(({ document, place }) => (place === null ? [document] : []))
  if (others.length > 0) take(others, await applyAsApi(db, policy, request, others))
  return results
}

async function placesOf(db: Kysely<Database>, files: readonly SentFile[]): Promise<readonly (WatchedPlace | null)[]> {
  const roots = await loadWatched(db)
  const places: (WatchedPlace | null)[] = []
  for (const { location, text } of files) places.push(location === undefined ? null : await watchedPlace(location, text, roots))
  return places
}

function locate(document: ManifestDocument, result: ApplyResult | undefined): readonly DocumentResult[] {
  return result === undefined ? [] : [{ ...result, path: document.path, line: document.line }]
}

/** A duplicate within one file is told by the parser and by the check across files. */
function refusal(problems: readonly ManifestProblem[]): ApiProblem {
  const details = problems.map(({ file, line, column, path, message }): ProblemDetail => ({ file, line, column, field: path, message }))
  const distinct = new Map(details.map((detail) => [JSON.stringify(detail), detail]))
  const count = distinct.size === 1 ? 'a problem' : `${distinct.size} problems`
  return new ApiProblem('invalid_request', `the manifests have ${count}; nothing was applied`, { errors: [...distinct.values()] })
}
