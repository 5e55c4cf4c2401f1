import type { FastifyInstance } from 'fastify'
import type { Gate } from '../gate.ts'
import type { ControllerView } from '../ports.ts'

/** Liveness and readiness, without a token: a supervisor has none. Details want one, of whatever role. */
export function healthRoutes(app: FastifyInstance, view: ControllerView, gate: Gate): void {
  const config = { needs: 'nothing' } as const
  for (const prefix of ['', '/api/v1']) {
    app.get(`${prefix}/livez`, { config }, () => ({ ok: true }))
    app.get<{ Querystring: Record<string, string> }>(`${prefix}/readyz`, { config }, async (request, reply) => {
      const checks = view.readiness()
      const ok = checks.every((check) => check.ok)
      // Without the database nobody's token is known but the local one; whether we are ready can be told all the same.
      const isKnown = 'verbose' in request.query && (await gate.identify(request).then(Boolean, () => false))
      return reply.status(ok ? 200 : 503).send(isKnown ? { ok, leader: view.isLeader(), checks } : { ok })
    })
  }
}
