import { type AnySchema, Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import type { OpenApiDocument } from '../../src/api/openapi/document.ts'
import type { JsonSchema } from '../../src/api/openapi/json-schema.ts'
import { type ListedOperation, operationsOf, responseOf } from '../../src/api/openapi/read.ts'

export interface GivenAnswer {
  readonly status: number
  /** `content-type`, empty where there is none. */
  readonly type: string
  readonly body: unknown
}

/** Holds answers to an OpenAPI document, by another implementation of JSON Schema than the one that made it. */
export interface OpenApiJudge {
  readonly operations: readonly ListedOperation[]
  /** The operation that a request is of; null for none. */
  operationAt(method: string, path: string): ListedOperation | null
  /** What is wrong with an answer, null where nothing is. A field that the document does not tell of is wrong. */
  faultOf(listed: ListedOperation, answer: GivenAnswer): string | null
  /** Of a value that the schema is for. */
  faultOfValue(schema: JsonSchema, value: unknown): string | null
}

export function openApiJudge(document: OpenApiDocument): OpenApiJudge {
  const ajv = new Ajv2020({ strict: false, allErrors: true })
  addFormats.default(ajv)
  // The document leaves room for fields of later releases; this release has none.
  const components = mapValues(document.components.schemas, closed)
  ajv.addSchema({ $id: 'urn:openapi:document', components: { schemas: components } })
  const validators = new Map<JsonSchema, ValidateFunction>()
  const validatorOf = (schema: JsonSchema): ValidateFunction => {
    const known = validators.get(schema) ?? ajv.compile(withAbsoluteReferences(closed(schema)))
    validators.set(schema, known)
    return known
  }
  const faultOfValue = (schema: JsonSchema, value: unknown): string | null => {
    const validate = validatorOf(schema)
    return validate(value) ? null : ajv.errorsText(validate.errors, { dataVar: '' })
  }
  const operations = operationsOf(document).map((listed) => ({ listed, pattern: patternOf(listed.path) }))
  return {
    operations: operations.map(({ listed }) => listed),
    operationAt: (method, path) => operations.find(({ listed, pattern }) => listed.method === method && pattern.test(path))?.listed ?? null,
    faultOfValue,
    faultOf: ({ method, path, operation }, { status, type, body }) => {
      const declared = operation.responses[status] ?? operation.responses['default']
      if (declared === undefined) return `${method} ${path} answered ${status}, which the document does not tell of`
      const mediaType = type.split(';')[0] ?? ''
      const schema = responseOf(document, declared).content?.[mediaType]?.schema
      if (schema === undefined) return `${method} ${path} answered ${status} as ${mediaType}, which the document does not tell of`
      const fault = faultOfValue(schema, body)
      return fault === null
        ? null
        : `${method} ${path} answered ${status} with what the document does not tell of: ${fault}\n${JSON.stringify(body, null, 2)}`
    },
  }
}

/** The longest literal path wins, as in the router: `/outbox/replay` is no `/outbox/{id}`, since its number of parts differs. */
function patternOf(path: string): RegExp {
  return new RegExp(`^${path.replaceAll(/\{\w+\}/g, '[^/]+')}$`)
}

function withAbsoluteReferences(schema: JsonSchema): AnySchema {
  // Text in, the same schema out.
  return JSON.parse(JSON.stringify(schema).replaceAll('"#/components/', '"urn:openapi:document#/components/')) as AnySchema
}

/** The same schema, its objects without room for more fields than they tell of. */
function closed(schema: JsonSchema): JsonSchema {
  return {
    ...schema,
    ...(schema.properties !== undefined && { properties: mapValues(schema.properties, closed), additionalProperties: false }),
    ...(schema.items !== undefined && { items: closed(schema.items) }),
    ...(schema.anyOf !== undefined && { anyOf: schema.anyOf.map(closed) }),
    ...(schema.oneOf !== undefined && { oneOf: schema.oneOf.map(closed) }),
  }
}

function mapValues<T>(record: Readonly<Record<string, T>>, change: (value: T) => T): Record<string, T> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]))
}
