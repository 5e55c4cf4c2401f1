import type { RouteOptions } from 'fastify'
import { problem } from '../answers/problem.ts'
import { type JsonSchema, Schemas } from './json-schema.ts'
import { type Answer, type Operation, operationOf } from './operation.ts'
import { refusalAnswer, refusalName, refusalsOf } from './refusals.ts'
import { PREFIX, toRoute } from './route.ts'

/** An OpenAPI 3.1 document, with what we make use of. */
export interface OpenApiDocument {
  readonly openapi: '3.1.0'
  readonly info: { readonly title: string; readonly version: string; readonly description: string }
  readonly servers: readonly { readonly url: string }[]
  readonly tags: readonly { readonly name: string; readonly description: string }[]
  /** By path below the server's URL, then by method in lower case. */
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: {
    readonly securitySchemes: Readonly<Record<string, JsonSchema>>
    readonly responses: Readonly<Record<string, Answer>>
    readonly schemas: Readonly<Record<string, JsonSchema>>
  }
}

const DESCRIPTION = `Control of a Galaxy Runtime: which games should run, what is known of them, and what was done about it.

Errors are problem documents (RFC 9457) with a \`code\`. Lists have \`limit\` and \`continue\`: pass on what \`metadata.continue\` said to get the next page.
Writes take \`?dryRun=true\`, which decides everything and writes nothing; those on one thing take \`If-Match\` with its \`resourceVersion\`.

A bearer token has one of the roles viewer, lobby, operator and admin, each of which may do what those before it may; \`x-required-role\` is the least that
an operation takes.`

const TAGS: Readonly<Record<string, string>> = {
  games: 'What should run, and what is known of it',
  operations: 'The log of what was done, and why',
  turns: 'The ledger of turns, and what engines said after each',
  'lobby verbs': 'What the lobby and the game master ask for; each answers with an operation, which can be waited on',
  'operator verbs': 'What operators ask for; each answers with an operation, which can be waited on',
  players: 'Players’ calls to their game’s engine',
  versions: 'The registry of engine versions, and images',
  manifests: 'YAML documents, applied as files',
  outbox: 'What is told to the outside',
  tokens: 'Who may call this API',
  health: 'For supervisors; without a token, also below / without the prefix',
  documentation: 'This document',
}

/**
 * Tells of every route that was collected.
 * @throws TypeError naming a route that says too little of itself, or two that have one name
 */
export function openApiDocument(collected: readonly RouteOptions[]): OpenApiDocument {
  const schemas = new Schemas()
  // Every operation refers to it.
  schemas.convert(problem, 'output')
  const routes = collected.map(toRoute)
  const twice = routes.find(({ operationId }, index) => routes.findIndex((other) => other.operationId === operationId) !== index)
  if (twice !== undefined) throw new TypeError(`two routes have the operationId ${twice.operationId}`)
  const paths: Record<string, Record<string, Operation>> = {}
  for (const route of routes) {
    if (TAGS[route.tag] === undefined) throw new TypeError(`${route.operationId} has the tag ${route.tag}, which nothing is said of`)
    const path = route.path.replaceAll(/:(\w+)/g, '{$1}')
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operationOf(route, schemas) }
  }
  const refusals = routes
    .filter(({ answers }) => answers['default'] === undefined)
    .flatMap(refusalsOf)
    .map((refusal) => [refusalName(refusal), refusalAnswer(refusal)] as const)
  return {
    openapi: '3.1.0',
    info: { title: 'Galaxy Runtime', version: '1', description: DESCRIPTION },
    servers: [{ url: PREFIX }],
    tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
    paths: Object.fromEntries(Object.entries(paths).toSorted(byName)),
    components: {
      securitySchemes: { token: { type: 'http', scheme: 'bearer', description: 'Made with `galaxy token create`.' } },
      responses: Object.fromEntries(refusals.toSorted(byName)),
      schemas: schemas.components,
    },
  }
}

function byName([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1
}
