import type { FastifyInstance, FastifySchema, RouteOptions } from 'fastify'
import { z } from 'zod'
import type { Needs } from '../access.ts'
import type { ProblemCode } from '../problem.ts'

declare module 'fastify' {
  interface FastifySchema {
    /** Problems of the route's own, besides those that its role and its input bring with them. */
    refuses?: readonly ProblemCode[]
    /** What the document shows of what the route itself reads more closely. */
    shows?: { readonly body?: z.ZodType; readonly headers?: z.ZodObject }
  }
}

/** A route as it was registered, as far as the document tells of it. */
export interface Route {
  readonly method: string
  /** Below the prefix, its parameters as `:id`. */
  readonly path: string
  readonly needs: Needs
  readonly operationId: string
  readonly tag: string
  readonly summary: string
  readonly description: string | null
  readonly params: z.ZodObject | null
  readonly query: z.ZodObject | null
  readonly headers: z.ZodObject | null
  readonly body: z.ZodType | null
  /** By status, `default` for any. */
  readonly answers: Readonly<Record<string, z.ZodType>>
  readonly refuses: readonly ProblemCode[]
}

export const PREFIX = '/api/v1'

/** Collects the routes below the prefix that are registered from now on; those that hide themselves are left out. */
export function collectRoutes(app: FastifyInstance): readonly RouteOptions[] {
  const routes: RouteOptions[] = []
  app.addHook('onRoute', (route) => {
    if (route.method !== 'HEAD' && route.url.startsWith(`${PREFIX}/`) && route.schema?.hide !== true) routes.push(route)
  })
  return routes
}

/** @throws TypeError for a route that says too little of itself */
export function toRoute({ method, url, schema = {}, config }: RouteOptions): Route {
  const { operationId, summary, description = null, tags: [tag] = [], response, refuses = [], shows } = schema
  if (operationId === undefined || summary === undefined || tag === undefined || response === undefined)
    throw new TypeError(`${String(method)} ${url} says too little of itself: schema: { operationId, tags, summary, response, … }`)
  return {
    method: String(method),
    path: url.slice(PREFIX.length),
    // As `guardRoutes` has it.
    needs: config?.needs ?? 'admin',
    operationId,
    tag,
    summary,
    description,
    params: objectOf(schema, 'params'),
    query: objectOf(schema, 'querystring'),
    headers: shows?.headers ?? null,
    body: bodyOf(schema),
    answers: z.record(z.string(), z.instanceof(z.ZodType)).parse(response),
    refuses,
  }
}

function bodyOf({ shows, body }: FastifySchema): z.ZodType | null {
  return shows?.body ?? (body instanceof z.ZodType ? body : null)
}

function objectOf(schema: FastifySchema, part: 'params' | 'querystring'): z.ZodObject | null {
  const found = schema[part]
  if (found === undefined || found instanceof z.ZodObject) return found ?? null
  throw new TypeError(`${schema.operationId ?? ''}: ${part} is no object of zod`)
}
