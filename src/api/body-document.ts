import type { ManifestDocument } from '../desired/manifest/document.ts'
import { parseManifest } from '../desired/manifest/parse.ts'
import type { ImagePolicy } from '../desired/resolve-image.ts'
import { ApiProblem } from './problem.ts'

/**
 * The one manifest that a request's body is. JSON is YAML, so the one parser serves both doors.
 * @throws ApiProblem `invalid_request` with every problem
 */
export function bodyDocument<Kind extends ManifestDocument['kind']>(
  body: unknown,
  kind: Kind,
  policy: ImagePolicy,
): Extract<ManifestDocument, { kind: Kind }> {
  const { documents, problems } = parseManifest(JSON.stringify(body) ?? '', 'body', policy)
  if (problems.length > 0) {
    const errors = problems.map(({ path, message }) => ({ field: path, message }))
    throw new ApiProblem('invalid_request', errors.map(({ message }) => message).join('; '), { errors })
  }
  const [document] = documents
  if (document === undefined || !isOfKind(document, kind))
    throw new ApiProblem('invalid_request', `the body must be one document of kind ${kind}`)
  return document
}

function isOfKind<Kind extends ManifestDocument['kind']>(
  document: ManifestDocument,
  kind: Kind,
): document is Extract<ManifestDocument, { kind: Kind }> {
  return document.kind === kind
}
