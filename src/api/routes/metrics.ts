import type { FastifyInstance } from 'fastify'
import type { Scrape } from '../../metrics/metrics.ts'
import type { Needs } from '../access.ts'

/** `/metrics` for Prometheus, which looks for it there and not below the API's prefix. */
export function metricsRoute(app: FastifyInstance, scrape: () => Promise<Scrape>, needs: Needs): void {
  app.get('/metrics', { config: { needs } }, async (_request, reply) => {
    const { contentType, text } = await scrape()
    return reply.type(contentType).send(text)
  })
}
