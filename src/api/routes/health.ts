import type { FastifyInstance } from 'fastify'
import type { ControllerView } from '../ports.ts'

/** Liveness and readiness, without a token: a supervisor has none. Details want one. */
export function healthRoutes(
  app: FastifyInstance,
  view: ControllerView,
  isCallerAuthorized: (header: string | undefined) => boolean,
): void {
  for (const prefix of ['', '/api/v1']) {
    app.get(`${prefix}/livez`, () => ({ ok: true }))
    app.get<{ Querystring: Record<string, string> }>(`${prefix}/readyz`, (request, reply) => {
      const checks = view.readiness()
      const ok = checks.every((check) => check.ok)
      const isVerbose = 'verbose' in request.query && isCallerAuthorized(request.headers.authorization)
      return reply.status(ok ? 200 : 503).send(isVerbose ? { ok, leader: view.isLeader(), checks } : { ok })
    })
  }
}
