import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Log } from '../log.ts'
import { isAtLeast, type Role } from '../model/role.ts'
import type { Caller, Gate } from './gate.ts'
import { ApiProblem } from './problem.ts'

/** The least role that a route takes; `nothing`: anybody, without a token. Stands in the route's `config`. */
export type Needs = Role | 'nothing'

declare module 'fastify' {
  interface FastifyContextConfig {
    needs?: Needs
  }
  interface FastifyRequest {
    /** Null on routes that need nothing. */
    caller: Caller | null
  }
}

/** What somebody asks for who asks for nothing that there is. */
const NEEDED_TO_BE_LOST = 'viewer'

/**
 * Lets nobody through to a route but who has the role that it needs, before anything else of the request is looked at. To be
 * called before any route is registered: one that does not say what it needs throws, so that none is open by mistake.
 */
export function guardRoutes(app: FastifyInstance, gate: Gate, log: Log): void {
  app.decorateRequest('caller', null)
  app.addHook('onRoute', ({ method, url, config }) => {
    if (config?.needs === undefined) throw new TypeError(`${String(method)} ${url} does not say which role it needs: config: { needs: … }`)
  })
  app.addHook('onRequest', async (request) => {
    const needs = neededBy(request)
    if (needs === 'nothing') return
    const caller = await gate.identify(request)
    if (!isAtLeast(caller.role, needs)) throw forbidden(caller, needs)
    request.caller = caller
  })
  // A lobby's writes are in the operation log; of an operator's, some are of no game.
  app.addHook('onResponse', async (request, { statusCode }) => {
    const { caller, method, id } = request
    if (caller === null || statusCode >= 400 || !isOperatorsWrite(request)) return
    log.info({ caller: caller.name, role: caller.role, method, path: pathOf(request), requestId: id }, 'operator asked')
  })
}

/** Who asks on a route that needs a role. */
export function callerOf({ caller }: Pick<FastifyRequest, 'caller'>): Caller {
  if (caller === null) throw new TypeError('nobody is known on a route that needs nothing')
  return caller
}

/** For row and operation log: `token ci, request 0192…`. */
export function askedBy({ caller, id }: Pick<FastifyRequest, 'caller' | 'id'>): string {
  return `token ${callerOf({ caller }).name}, request ${id}`
}

/** Without the query, which may hold anything. */
export function pathOf({ url }: Pick<FastifyRequest, 'url'>): string {
  return url.split('?')[0] ?? ''
}

function neededBy({ is404, routeOptions }: FastifyRequest): Needs {
  return is404 ? NEEDED_TO_BE_LOST : (routeOptions.config.needs ?? 'admin')
}

function forbidden({ name, role }: Caller, needs: Role): ApiProblem {
  return new ApiProblem('forbidden', `this needs the role ${needs}; the token ${name} has the role ${role}`)
}

function isOperatorsWrite(request: FastifyRequest): boolean {
  const needs = neededBy(request)
  return needs !== 'nothing' && isAtLeast(needs, 'operator') && request.method !== 'GET' && request.method !== 'HEAD'
}
