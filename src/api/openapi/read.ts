import type { OpenApiDocument } from './document.ts'
import type { Answer, Operation } from './operation.ts'
import { RESPONSES } from './refusals.ts'

export interface ListedOperation {
  /** In capitals. */
  readonly method: string
  /** Below the server's URL. */
  readonly path: string
  readonly operation: Operation
}

/** Every operation of a document, in its order. */
export function operationsOf({ paths }: OpenApiDocument): readonly ListedOperation[] {
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })),
  )
}

/** A response, or the one that it refers to. */
export function responseOf({ components }: OpenApiDocument, response: Operation['responses'][string]): Answer {
  if (!('$ref' in response)) return response
  const found = components.responses[response.$ref.slice(RESPONSES.length)]
  if (found === undefined) throw new Error(`the document has no ${response.$ref}`)
  return found
}
