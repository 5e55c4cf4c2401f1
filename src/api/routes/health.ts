import { z } from 'zod'
import { alive, readiness } from '../answers/health.ts'
import type { Gate } from '../gate.ts'
import type { ControllerView } from '../ports.ts'
import type { ApiServer } from '../server.ts'

const LIVENESS = {
  operationId: 'readLiveness',
  tags: ['health'],
  summary: 'Whether this process answers',
  response: { 200: alive },
} as const

const READINESS = {
  operationId: 'readReadiness',
  tags: ['health'],
  summary: 'Whether requests can be served; leadership is no part of it',
  // Loose, unlike others: a supervisor’s check must not fail for a parameter of its own.
  querystring: z.looseObject({ verbose: z.string().optional().describe('With details, for whoever has a token.') }),
  response: { 200: readiness, 503: readiness },
} as const

/** Liveness and readiness, without a token: a supervisor has none. Details want one, of whatever role. */
export function healthRoutes(app: ApiServer, view: ControllerView, gate: Gate): void {
  const config = { needs: 'nothing' } as const
  for (const prefix of ['', '/api/v1']) {
    app.get(`${prefix}/livez`, { config, schema: LIVENESS }, async () => ({ ok: true }) as const)
    app.get(`${prefix}/readyz`, { config, schema: READINESS }, async (request, reply) => {
      const checks = view.readiness()
      const ok = checks.every((check) => check.ok)
      // Without the database nobody's token is known but the local one; whether we are ready can be told all the same.
      const isKnown = 'verbose' in request.query && (await gate.identify(request).then(Boolean, () => false))
      return reply.status(ok ? 200 : 503).send(isKnown ? { ok, leader: view.isLeader(), checks } : { ok })
    })
  }
}
