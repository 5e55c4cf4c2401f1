import type { Kysely } from 'kysely'
import type { Database } from '../database/tables.ts'
import { type ApplyResult, applyDocuments } from '../desired/apply.ts'
import type { ManifestDocument, ManifestProblem } from '../desired/manifest/document.ts'
import { duplicatesOf, parseManifestPatiently } from '../desired/manifest/parse.ts'
import type { ImagePolicy } from '../desired/resolve-image.ts'
import { ApiProblem, type ProblemDetail } from './problem.ts'

export interface ApplyRequest {
  readonly files: readonly { readonly path: string; readonly text: string }[]
  readonly force: boolean
  readonly dryRun: boolean
}

export type DocumentResult = ApplyResult & { readonly path: string; readonly line: number }

/** Results in the order of the documents. */
export interface Applied {
  readonly documents: readonly ManifestDocument[]
  readonly results: readonly DocumentResult[]
}

/**
 * Applies all documents of all files.
 * @throws ApiProblem with every problem of every file: then nothing is applied
 */
export async function applyFiles(db: Kysely<Database>, policy: ImagePolicy, request: ApplyRequest, signal: AbortSignal): Promise<Applied> {
  const parsed = []
  for (const { path, text } of request.files) parsed.push(await parseManifestPatiently(text, path, policy, signal))
  const documents = parsed.flatMap((file) => file.documents)
  const problems = [...parsed.flatMap((file) => file.problems), ...duplicatesOf(documents, () => false)]
  if (problems.length > 0) throw refusal(problems)
  if (documents.length === 0) throw new ApiProblem('invalid_request', 'there is no document in what was sent')
  const sourceRef = (document: ManifestDocument) => `${document.path}:${document.line}`
  const results = await applyDocuments(db, { documents, policy, source: 'api', sourceRef, force: request.force, dryRun: request.dryRun })
  return {
    documents,
    results: results.map((result, index) => ({ ...result, path: documents[index]?.path ?? '', line: documents[index]?.line ?? 0 })),
  }
}

/** A duplicate within one file is told by the parser and by the check across files. */
function refusal(problems: readonly ManifestProblem[]): ApiProblem {
  const details = problems.map(({ file, line, column, path, message }): ProblemDetail => ({ file, line, column, field: path, message }))
  const distinct = new Map(details.map((detail) => [JSON.stringify(detail), detail]))
  const count = distinct.size === 1 ? 'a problem' : `${distinct.size} problems`
  return new ApiProblem('invalid_request', `the manifests have ${count}; nothing was applied`, { errors: [...distinct.values()] })
}
