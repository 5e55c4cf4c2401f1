import type { OpenApiDocument } from '../../src/api/openapi/document.ts'
import { COMPONENTS, type JsonSchema } from '../../src/api/openapi/json-schema.ts'
import type { Operation, Parameter } from '../../src/api/openapi/operation.ts'
import { type ListedOperation, operationsOf, responseOf } from '../../src/api/openapi/read.ts'

/** TypeScript for who calls the API: each operation's request and answer, and the schemas that they are made of. */
export function clientTypes(document: OpenApiDocument): string {
  const schemas = Object.entries(document.components.schemas).map(
    ([name, schema]) => `${comment(schema)}export type ${name} = ${typeOf(schema)}\n`,
  )
  const operations = operationsOf(document).map((listed) => operationType(document, listed))
  return `// Generated from the OpenAPI document by \`npm run generate\`.

/** By method and path below \`/api/v1\`. */
export interface Operations {
${operations.join('\n')}
}

${schemas.join('\n')}`
}

function operationType(document: OpenApiDocument, { method, path, operation }: ListedOperation): string {
  const parts = [
    parametersType('path', operation),
    parametersType('query', operation),
    parametersType('headers', operation),
    bodyType(operation),
  ].filter((part) => part !== null)
  const request = parts.length === 0 ? NOTHING : block(parts)
  const both = block([`readonly request: ${request}`, `readonly answer: ${answerType(document, operation)}`])
  return indented(`/** ${operation.summary}. */\n'${method} ${path}': ${both}`)
}

const NOTHING = 'Readonly<Record<string, never>>'

const PLACE = { path: 'path', query: 'query', headers: 'header' } as const

function parametersType(part: keyof typeof PLACE, { parameters = [] }: Operation): string | null {
  const own = parameters.filter((parameter) => parameter.in === PLACE[part])
  if (own.length === 0) return null
  const optional = own.some(({ required }) => required) ? '' : '?'
  return `readonly ${part}${optional}: ${block(own.map(parameterType))}`
}

function parameterType({ name, required, schema }: Parameter): string {
  return property(name, required, schema, ' | undefined')
}

function bodyType({ requestBody }: Operation): string | null {
  const schema = requestBody?.content['application/json']?.schema
  return schema === undefined ? null : `readonly body${requestBody?.required === true ? '' : '?'}: ${typeOf(schema, ' | undefined')}`
}

/** Whatever a call that succeeds may bring; where that is more than one thing, their kinds tell them apart. */
function answerType(document: OpenApiDocument, { responses }: Operation): string {
  const good = Object.entries(responses).filter(([status]) => status.startsWith('2') || status === 'default')
  const schemas = good.flatMap(([, response]) => Object.values(responseOf(document, response).content ?? {}).map(({ schema }) => schema))
  const types = schemas.flatMap((schema) => schema.oneOf ?? schema.anyOf ?? [schema]).map((schema) => typeOf(schema))
  return [...new Set(types)].join(' | ')
}

/** @param orLeftOut what else an optional field may be set to: callers may set it to nothing, answers have it or not */
function typeOf(schema: JsonSchema, orLeftOut = ''): string {
  if (schema.$ref !== undefined) return schema.$ref.slice(COMPONENTS.length)
  const variants = schema.oneOf ?? schema.anyOf
  if (variants !== undefined) return variants.map((variant) => typeOf(variant, orLeftOut)).join(' | ')
  if (schema.const !== undefined) return literal(schema.const)
  if (schema.enum !== undefined) return schema.enum.map(literal).join(' | ')
  return [schema.type ?? 'any']
    .flat()
    .map((type) => plainType(type, schema, orLeftOut))
    .join(' | ')
}

function plainType(type: string, schema: JsonSchema, orLeftOut: string): string {
  switch (type) {
    case 'string':
    case 'boolean':
    case 'null':
      return type
    case 'integer':
    case 'number':
      return 'number'
    case 'array':
      return `readonly ${itemType(schema.items ?? {}, orLeftOut)}[]`
    case 'object':
      return objectType(schema, orLeftOut)
    default:
      return 'unknown'
  }
}

function objectType({ properties, required = [], additionalProperties }: JsonSchema, orLeftOut: string): string {
  if (properties === undefined || Object.keys(properties).length === 0) {
    const values = typeof additionalProperties === 'object' ? typeOf(additionalProperties, orLeftOut) : 'unknown'
    return additionalProperties === false ? NOTHING : `Readonly<Record<string, ${values}>>`
  }
  const fields = Object.entries(properties).map(([name, schema]) => property(name, required.includes(name), schema, orLeftOut))
  return block(fields)
}

function property(name: string, isRequired: boolean, schema: JsonSchema, orLeftOut: string): string {
  const key = /^[a-z_]\w*$/i.test(name) ? name : `'${name}'`
  return `readonly ${key}${isRequired ? '' : '?'}: ${typeOf(schema, orLeftOut)}${isRequired ? '' : orLeftOut}`
}

const FITS = 100

function block(fields: readonly string[]): string {
  const line = `{ ${fields.join('; ')} }`
  return line.length <= FITS && !line.includes('\n') ? line : `{\n${fields.map(indented).join('\n')}\n}`
}

function indented(text: string): string {
  return text.replaceAll(/^/gm, '  ')
}

function literal(value: unknown): string {
  return typeof value === 'string' ? `'${value}'` : String(value)
}

function itemType(schema: JsonSchema, orLeftOut: string): string {
  const type = typeOf(schema, orLeftOut)
  return type.includes(' | ') && !type.startsWith('{') ? `(${type})` : type
}

function comment({ description }: JsonSchema): string {
  return description === undefined ? '' : `/** ${description} */\n`
}
