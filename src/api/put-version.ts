import type { Kysely } from 'kysely'
import type { Database } from '../database/tables.ts'
import { applyDocuments, type ApplyResult } from '../desired/apply.ts'
import type { VersionDocument } from '../desired/manifest/document.ts'
import type { ImagePolicy } from '../desired/resolve-image.ts'
import { readResourceVersion, type VersionKey } from '../desired/versions.ts'
import { ApiProblem } from './problem.ts'

/** What a writer takes to be there already. */
export type Expectation =
  | { readonly kind: 'anything' }
  | { readonly kind: 'nothing' }
  | { readonly kind: 'version'; readonly resourceVersion: string }

export interface PutVersionRequest {
  readonly document: VersionDocument
  readonly key: VersionKey
  readonly expects: Expectation
  readonly dryRun: boolean
  /** Who asks, for the log. */
  readonly sourceRef: string
}

/**
 * Registers or replaces one engine version, by the very path that manifests take.
 * @throws ApiProblem `invalid_request`, `precondition_failed`, or `conflict` when games desire it, or it was to be new
 */
export async function putVersion(db: Kysely<Database>, policy: ImagePolicy, request: PutVersionRequest): Promise<ApplyResult> {
  const { document, key, expects, dryRun } = request
  const check = () => requireExpected(db, key, expects)
  await check()
  const [result] = await applyDocuments(db, {
    documents: [document],
    policy,
    source: 'api',
    sourceRef: () => request.sourceRef,
    force: false,
    dryRun,
    // Once more while the row is locked: another connection still sees what is about to be overwritten.
    ...(expects.kind !== 'anything' && { alongside: check }),
  })
  if (result === undefined) throw new ApiProblem('internal_error', 'nothing came of the document')
  if (result.outcome === 'refused') throw new ApiProblem(result.code ?? 'conflict', result.problem ?? 'refused')
  return result
}

async function requireExpected(db: Kysely<Database>, key: VersionKey, expects: Expectation): Promise<void> {
  if (expects.kind === 'anything') return
  const found = await readResourceVersion(db, key)
  if (expects.kind === 'nothing') {
    if (found === null) return
    const registered = `engine version ${key.engine} ${key.version} is registered already`
    throw new ApiProblem('conflict', `${registered}; PUT it, or apply a manifest of it, to change it`)
  }
  if (found !== expects.resourceVersion) throw preconditionFailed(key, expects.resourceVersion, found)
}

/** @param found null when there is no such version */
export function preconditionFailed({ engine, version }: VersionKey, expected: string, found: string | null): ApiProblem {
  const now = found === null ? 'it does not exist' : `its resourceVersion is ${found} now`
  return new ApiProblem(
    'precondition_failed',
    `engine version ${engine} ${version} was expected at resourceVersion ${expected}, but ${now}`,
  )
}
