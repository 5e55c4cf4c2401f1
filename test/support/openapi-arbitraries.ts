import fc, { type Arbitrary } from 'fast-check'
import type { OpenApiDocument } from '../../src/api/openapi/document.ts'
import { COMPONENTS, type JsonSchema } from '../../src/api/openapi/json-schema.ts'
import type { Operation, Parameter } from '../../src/api/openapi/operation.ts'
import type { ListedOperation } from '../../src/api/openapi/read.ts'

/** A request as it goes over the wire. */
export interface WireRequest {
  readonly method: string
  /** Path and query, escaped or not. */
  readonly target: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | null
}

/** What is there, so that most requests get further than the door. */
export interface Known {
  /** Values by the parameter's name, or by `operationId.name` where an operation has its own. */
  readonly parameters: Readonly<Record<string, readonly string[]>>
  /** Bodies that do something, by the operation's id. */
  readonly bodies: Readonly<Record<string, readonly unknown[]>>
  readonly token: string
}

/** Would be a line of its own, if anything wrote it to a log as it is. */
export const FORGED = '\r\n{"level":60,"msg":"forged"}\r\n'

/** Requests of an operation: as the document has them, and spoilt in every part. */
export function requestsOf({ method, path, operation }: ListedOperation, document: OpenApiDocument, world: Known): Arbitrary<WireRequest> {
  const parameters = operation.parameters ?? []
  const own = parameters.flatMap(({ name }) => {
    const values = world.parameters[`${operation.operationId}.${name}`]
    return values === undefined ? [] : [[name, values] as const]
  })
  const known = { ...world, parameters: { ...world.parameters, ...Object.fromEntries(own) } }
  const inPlace = (place: Parameter['in']) => parameters.filter((each) => each.in === place)
  const target = fc
    .tuple(
      fc.record(Object.fromEntries(inPlace('path').map((each) => [each.name, segment(each, document, known)]))),
      queryOf(inPlace('query'), document, known),
    )
    .map(([values, query]) => `/api/v1${path.replaceAll(/\{(\w+)\}/g, (_, name: string) => values[name] ?? '')}${query}`)
  return fc
    .record({ target, headers: headersOf(inPlace('header'), document, known), sent: bodyOf(method, operation, document, known) })
    .map(({ target, headers, sent }) => ({ method, target, headers: { ...headers, ...sent.headers }, body: sent.body }))
}

/** What people try. */
const NASTY: readonly string[] = [
  '',
  ' ',
  '.',
  '..',
  '../../etc/passwd',
  '..\\..\\',
  '/',
  '//',
  '%00',
  '\u0000',
  'a\u0000b',
  FORGED,
  '\u001b[2J\u001b[31mred',
  '\u202eabc',
  '\ud800',
  "'; DROP TABLE desired_games; --",
  '${7*7}{{7*7}}',
  '__proto__',
  'constructor',
  'null',
  'NaN',
  '-1',
  '1e999',
  '9'.repeat(400),
  'a'.repeat(201),
  'é'.repeat(300),
  '*',
  '%',
  '%zz',
  '%c0%ae%c0%ae',
  ';a=b',
  '?x=y',
  '#',
]

const nasty = fc.oneof(fc.constantFrom(...NASTY), fc.string({ unit: 'binary', maxLength: 40 }))

function textOf({ name, schema }: Parameter, document: OpenApiDocument, known: Known): Arbitrary<string> {
  // A real one would wait a minute for an operation that nobody carries out here.
  const valid = name === 'wait' ? fc.constantFrom('0s', '1ms', '20ms') : valuesOf(schema, document).map(String)
  const named = known.parameters[name]
  return fc.oneof(
    { weight: 12, arbitrary: named === undefined ? valid : fc.constantFrom(...named) },
    { weight: 2, arbitrary: valid },
    { weight: 1, arbitrary: name === 'wait' ? fc.constantFrom('', 'soon', '-1s', FORGED) : nasty },
  )
}

function segment(parameter: Parameter, document: OpenApiDocument, known: Known): Arbitrary<string> {
  const escaped = textOf(parameter, document, known).map(escape)
  // As it is, as far as a request line can carry it: dots and slashes, lone percent signs.
  const raw = fc.constantFrom(...NASTY).map((text) => text.replaceAll(/[^!-~]/g, ''))
  return fc.oneof({ weight: 20, arbitrary: escaped }, { weight: 1, arbitrary: raw })
}

function queryOf(parameters: readonly Parameter[], document: OpenApiDocument, known: Known): Arbitrary<string> {
  const own = parameters.map((each) => maybe(1, 2, textOf(each, document, known)).map((value) => [each.name, value] as const))
  const isDoubled = fc.integer({ min: 1, max: 10 }).map((dice) => dice === 10)
  return fc.tuple(fc.tuple(...own), maybe(1, 15, fc.tuple(nasty, nasty)), isDoubled).map(([pairs, more, isDoubled]) => {
    const given = [...pairs, ...(more === null ? [] : [more])].flatMap(([name, value]) =>
      value === null ? [] : [`${escape(name)}=${escape(value)}`],
    )
    const parts = isDoubled && given[0] !== undefined && given.length > 2 ? [...given, given[0]] : given
    return parts.length === 0 ? '' : `?${parts.join('&')}`
  })
}

function headersOf(parameters: readonly Parameter[], document: OpenApiDocument, known: Known): Arbitrary<Record<string, string>> {
  const own = parameters.map((each) => {
    const text = each.required ? maybe(12, 1, textOf(each, document, known)) : maybe(1, 6, textOf(each, document, known))
    return text.map((value) => [each.name.toLowerCase(), value] as const)
  })
  return fc.tuple(...own).map((pairs) => {
    const given = pairs.flatMap(([name, value]) => (value === null ? [] : [[name, value.replaceAll(/[^\t -~\u0080-\u00ff]/g, '')]]))
    return { authorization: `Bearer ${known.token}`, ...Object.fromEntries(given) }
  })
}

interface SentBody {
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | null
}

const JSON_TYPE = { 'content-type': 'application/json' }

function bodyOf(method: string, { operationId, requestBody }: Operation, document: OpenApiDocument, known: Known): Arbitrary<SentBody> {
  const none: Arbitrary<SentBody> = fc.constant({ headers: {}, body: null })
  if (method === 'GET') return none
  const schema = requestBody?.content['application/json']?.schema ?? { type: 'null' }
  const made = valuesOf(schema, document)
  const bodies = known.bodies[operationId] ?? schema.examples ?? []
  const valid = bodies.length === 0 ? made : fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...bodies) }, { weight: 1, arbitrary: made })
  const json = (values: Arbitrary<unknown>) => values.map((value) => ({ headers: JSON_TYPE, body: JSON.stringify(value) }))
  const mistyped = fc
    .tuple(fc.constantFrom(...TYPES), valid)
    .map(([type, value]) => ({ headers: { 'content-type': type }, body: JSON.stringify(value) }))
  return fc.oneof(
    { weight: 10, arbitrary: json(valid) },
    { weight: 8, arbitrary: json(spoilt(valid)) },
    { weight: 1, arbitrary: json(fc.jsonValue({ maxDepth: 4 })) },
    { weight: 1, arbitrary: none },
    { weight: 1, arbitrary: fc.constant({ headers: JSON_TYPE, body: '' }) },
    { weight: 1, arbitrary: mistyped },
    { weight: 1, arbitrary: fc.constantFrom(...BROKEN).map((body) => ({ headers: JSON_TYPE, body })) },
  )
}

function maybe<T>(given: number, leftOut: number, value: Arbitrary<T>): Arbitrary<T | null> {
  return fc.oneof({ weight: given, arbitrary: value }, { weight: leftOut, arbitrary: fc.constant(null) })
}

const TYPES = [
  'text/plain',
  'application/xml',
  'application/x-www-form-urlencoded',
  'multipart/form-data; boundary=x',
  'application/json; charset=utf-16',
  'application/json+evil',
  'application/merge-patch+json',
  'json',
  '*/*',
  ';',
  'a'.repeat(300),
  '__proto__',
]

const BROKEN = [
  '{',
  '{"a":1,}',
  '\u0000',
  '\ufeff{}',
  '{"__proto__":{"admin":true}}',
  '{"constructor":{"prototype":{"admin":true}}}',
  '{"a":1,"a":2}',
  '"\\ud800"',
  '"\\u0000"',
  '1e999',
  `${'['.repeat(20_000)}${']'.repeat(20_000)}`,
  `${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}`,
  `[${'0,'.repeat(300_000)}0]`,
  `{"a":"${'x'.repeat(1_100_000)}"}`,
]

/** The same, with one field of it replaced, taken away or added. */
function spoilt(valid: Arbitrary<unknown>): Arbitrary<unknown> {
  const junk = fc.oneof(nasty, fc.jsonValue({ maxDepth: 2 }))
  return fc
    .tuple(valid, junk, fc.nat(), fc.constantFrom('replace', 'remove', 'add'), nasty)
    .map(([value, other, at, how, name]) => spoil(value, other, at, how, name))
}

function spoil(value: unknown, other: unknown, at: number, how: 'replace' | 'remove' | 'add', name: string): unknown {
  if (Array.isArray(value) && value.length > 0)
    return value.map((item, index) => (index === at % value.length ? spoil(item, other, at, how, name) : item))
  if (typeof value !== 'object' || value === null) return other
  const entries = Object.entries(value)
  const chosen = entries[at % Math.max(entries.length, 1)]
  if (how === 'add' || chosen === undefined) return { ...value, [name]: other }
  const [key, inner] = chosen
  if (how === 'remove') return Object.fromEntries(entries.filter(([each]) => each !== key))
  return { ...value, [key]: typeof inner === 'object' && at % 3 !== 0 ? spoil(inner, other, Math.floor(at / 3), how, name) : other }
}

/** Values that a schema is for. */
function valuesOf(schema: JsonSchema, document: OpenApiDocument, depth = 0): Arbitrary<unknown> {
  if (schema.$ref !== undefined) return valuesOf(document.components.schemas[schema.$ref.slice(COMPONENTS.length)] ?? {}, document, depth)
  if (schema.const !== undefined) return fc.constant(schema.const)
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum)
  const variants = schema.oneOf ?? schema.anyOf
  if (variants !== undefined) return fc.oneof(...variants.map((variant) => valuesOf(variant, document, depth)))
  const made = fc.oneof(...[schema.type ?? 'any'].flat().map((type) => plainValues(type, schema, document, depth)))
  return schema.examples === undefined ? made : fc.oneof(made, fc.constantFrom(...schema.examples))
}

function plainValues(type: string, schema: JsonSchema, document: OpenApiDocument, depth: number): Arbitrary<unknown> {
  switch (type) {
    case 'null':
      return fc.constant(null)
    case 'boolean':
      return fc.boolean()
    case 'integer':
      return fc.integer({ min: Number(schema['minimum'] ?? -5), max: Number(schema['maximum'] ?? 2_000) })
    case 'number':
      return fc.double({ noNaN: true, noDefaultInfinity: true })
    case 'array':
      return fc.array(valuesOf(schema.items ?? {}, document, depth + 1), { minLength: Number(schema['minItems'] ?? 0), maxLength: 3 })
    case 'object':
      return objects(schema, document, depth)
    case 'string':
      return typeof schema['pattern'] === 'string'
        ? fc.stringMatching(new RegExp(schema['pattern']))
        : fc.oneof(fc.string({ minLength: 1 }), nasty)
    default:
      return fc.jsonValue({ maxDepth: 2 })
  }
}

function objects(
  { properties, required = [], additionalProperties }: JsonSchema,
  document: OpenApiDocument,
  depth: number,
): Arbitrary<unknown> {
  if (properties !== undefined) {
    const fields = Object.fromEntries(Object.entries(properties).map(([name, field]) => [name, valuesOf(field, document, depth + 1)]))
    return fc.record(fields, { requiredKeys: required.filter((name) => name in fields) })
  }
  const values =
    typeof additionalProperties === 'object' ? valuesOf(additionalProperties, document, depth + 1) : fc.jsonValue({ maxDepth: 2 })
  return fc.dictionary(fc.string({ maxLength: 20 }), values, { maxKeys: 4 })
}

/** As encodeURIComponent, which takes no lone surrogate. */
function escape(text: string): string {
  return encodeURIComponent(text.toWellFormed())
}
