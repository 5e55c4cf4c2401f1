import type { RouteOptions } from 'fastify'
import { z } from 'zod'
import { openApiDocument } from '../openapi/document.ts'
import { documentationPage } from '../openapi/page.ts'
import { noQuery } from '../requests.ts'
import type { ApiServer } from '../server.ts'

/**
 * The API's own description, as a document and as a page. Both are open to everybody: a browser that follows a link has no token, and they tell
 * what the repository tells, and nothing of this deployment. They are made when they are first asked for.
 */
export function documentationRoutes(app: ApiServer, routes: readonly RouteOptions[]): void {
  const config = { needs: 'nothing' } as const
  const document = once(() => openApiDocument(routes))
  const json = once(() => JSON.stringify(document()))
  const page = once(() => documentationPage(document()))

  const asJson = {
    operationId: 'readOpenApi',
    tags: ['documentation'],
    summary: 'This document',
    querystring: noQuery,
    response: { 200: z.unknown().describe('OpenAPI 3.1') },
  } as const
  app.get('/openapi.json', { config, schema: asJson }, async (_request, reply) =>
    reply.type('application/json; charset=utf-8').send(json()),
  )

  const asPage = {
    operationId: 'readDocumentation',
    tags: ['documentation'],
    summary: 'This document as a page to browse',
    querystring: noQuery,
    response: { 200: z.string().meta({ mediaType: 'text/html' }) },
  } as const
  app.get('/docs', { config, schema: asPage }, async (_request, reply) => {
    const { html, contentSecurityPolicy } = page()
    return reply
      .headers({ 'content-security-policy': contentSecurityPolicy, 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer' })
      .type('text/html; charset=utf-8')
      .send(html)
  })
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | null = null
  return () => (made ??= { value: make() }).value
}
