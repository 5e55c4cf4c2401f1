import { STATUS_CODES } from 'node:http'
import type { z } from 'zod'
import type { Needs } from '../access.ts'
import type { JsonSchema, Schemas } from './json-schema.ts'
import { refusalAnswer, refusalName, refusalsOf, RESPONSES } from './refusals.ts'
import type { Route } from './route.ts'

export interface Operation {
  readonly operationId: string
  readonly tags: readonly string[]
  readonly summary: string
  readonly description?: string
  readonly 'x-required-role': Needs
  /** Empty where no token is needed. */
  readonly security: readonly Readonly<Record<string, readonly string[]>>[]
  readonly parameters?: readonly Parameter[]
  readonly requestBody?: { readonly required: boolean; readonly content: Content }
  /** By status, `default` for any. */
  readonly responses: Readonly<Record<string, Answer | { readonly $ref: string }>>
}

export interface Parameter {
  readonly name: string
  readonly in: 'path' | 'query' | 'header'
  readonly required: boolean
  readonly description?: string
  readonly schema: JsonSchema
}

export interface Answer {
  readonly description: string
  /** None where there is no body. */
  readonly content?: Content
}

/** By media type. */
export type Content = Readonly<Record<string, { readonly schema: JsonSchema }>>

export function operationOf(route: Route, schemas: Schemas): Operation {
  const { operationId, tag, summary, description, needs } = route
  const parameters = [
    ...parametersOf('path', route.params, schemas),
    ...parametersOf('query', route.query, schemas),
    ...parametersOf('header', route.headers, schemas),
  ]
  const answers = answersOf(route, schemas)
  return {
    operationId,
    tags: [tag],
    summary,
    ...(description !== null && { description }),
    'x-required-role': needs,
    security: needs === 'nothing' ? [] : [{ token: [] }],
    ...(parameters.length > 0 && { parameters }),
    ...(route.body !== null && { requestBody: bodyOf(route.body, schemas) }),
    responses: { ...answers, ...problemsOf(route, answers['default']) },
  }
}

function parametersOf(place: Parameter['in'], object: z.ZodObject | null, schemas: Schemas): readonly Parameter[] {
  if (object === null) return []
  const { properties = {}, required = [] } = schemas.convert(object, 'input')
  return Object.entries(properties).map(([name, { description, ...schema }]) => ({
    name: place === 'header' ? canonical(name) : name,
    in: place,
    required: place === 'path' || required.includes(name),
    ...(description !== undefined && { description }),
    schema,
  }))
}

/** `If-Match` of `if-match`. */
function canonical(header: string): string {
  return header.replaceAll(/(^|-)[a-z]/g, (start) => start.toUpperCase())
}

function bodyOf(body: z.ZodType, schemas: Schemas) {
  return { required: !body.safeParse(undefined).success, content: { 'application/json': { schema: schemas.convert(body, 'input') } } }
}

function answersOf({ answers }: Route, schemas: Schemas): Readonly<Record<string, Answer>> {
  const told = Object.entries(answers).map(([status, answer]) => {
    const schema = schemas.convert(answer, 'output')
    const description = STATUS_CODES[status] ?? answer.description ?? 'Any other answer'
    return [status, { description, content: { [mediaTypeOf(answer)]: { schema } } }] as const
  })
  return Object.fromEntries(told)
}

/** What is no JSON says so with `meta({ mediaType })`. */
function mediaTypeOf(answer: z.ZodType): string {
  return answer.meta()?.mediaType ?? 'application/json'
}

/** References, since most routes have the same; but beside an answer of any status, whatever answers may do so with these as well. */
function problemsOf(route: Route, anyOther: Answer | undefined): Operation['responses'] {
  const told = refusalsOf(route).map((refusal) => {
    if (anyOther === undefined) return [refusal.status, { $ref: `${RESPONSES}${refusalName(refusal)}` }] as const
    const { description, content } = refusalAnswer(refusal)
    return [refusal.status, { description, content: { ...content, ...anyOther.content } }] as const
  })
  return Object.fromEntries(told)
}
