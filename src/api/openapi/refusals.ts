import { type ProblemCode, STATUS, TITLE } from '../problem.ts'
import { COMPONENTS } from './json-schema.ts'
import type { Answer } from './operation.ts'
import type { Route } from './route.ts'

/** A status that a route may answer with a problem document, and the codes that it has then. */
export interface Refusal {
  readonly status: number
  readonly codes: readonly ProblemCode[]
  readonly title: string
}

/** Every refusal of a route in the order of their statuses: its own, and those that its role and its input bring with them. */
export function refusalsOf(route: Route): readonly Refusal[] {
  const pairs = [...route.refuses, ...impliedBy(route)].flatMap((code) => statusesOf(code, route).map((status) => ({ status, code })))
  return [...Map.groupBy(pairs, ({ status }) => status)]
    .map(([status, group]) => {
      const codes = [...new Set(group.map(({ code }) => code))].toSorted()
      return { status, codes, title: SPECIAL_TITLE[status] ?? codes.map((code) => TITLE[code]).join(', or: ') }
    })
    .toSorted((a, b) => a.status - b.status)
}

export const RESPONSES = '#/components/responses/'

/** Its name among the document's components. */
export function refusalName({ status, codes }: Refusal): string {
  return [status, ...codes].join('-')
}

export function refusalAnswer({ title, codes }: Refusal): Answer {
  const description = `${title}: ${codes.map((code) => `\`${code}\``).join(', ')}`
  return { description, content: { 'application/problem+json': { schema: { $ref: `${COMPONENTS}Problem` } } } }
}

function impliedBy({ method, needs, params, query }: Route): readonly ProblemCode[] {
  const takesInput = method !== 'GET' || params !== null || query !== null
  return [
    ...(takesInput ? (['invalid_request'] as const) : []),
    ...(needs === 'nothing' ? [] : (['unauthorized', 'forbidden', 'too_many_requests', 'service_unavailable'] as const)),
    'internal_error',
  ]
}

const SPECIAL_TITLE: Readonly<Record<number, string>> = {
  413: 'The body is too large',
  414: 'A part of the path is too long',
  415: 'The body is of another type than application/json',
}

/** Where more than one status says a code best. */
function statusesOf(code: ProblemCode, { method, params }: Route): readonly number[] {
  switch (code) {
    case 'invalid_request':
      return [STATUS[code], ...(method === 'GET' ? [] : [413, 415]), ...(params === null ? [] : [414])]
    case 'engine_unreachable':
      return [STATUS[code], STATUS.service_unavailable]
    default:
      return [STATUS[code]]
  }
}
