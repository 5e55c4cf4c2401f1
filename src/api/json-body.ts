import type { FastifyInstance, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { excessOf } from '../engine/json.ts'
import { ApiProblem } from './problem.ts'

/** A route without a schema for its body takes none, or an empty one as some clients send it by habit. */
const nothing = z.strictObject({}).nullish()

/**
 * Reads bodies as JSON and nothing else: any other type is refused with 415, and so is a field that would be a prototype, with 400. Nothing at all is no body, also where
 * its type is told. Where a route takes none, one with content is refused: whoever sends `{"dryRun": true}` there would be surprised by what is done.
 */
export function readJsonBodies(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  readAsJson(app, 'application/json')
  app.addHook('preValidation', async ({ body, routeOptions, is404 }) => {
    if (!is404 && routeOptions.schema?.body === undefined && !nothing.safeParse(body).success)
      throw new ApiProblem('invalid_request', 'body: this takes none')
  })
}

/** Another type of body that is JSON as well. */
export function readAsJson(app: FastifyInstance, mediaType: string): void {
  const parse = app.getDefaultJsonParser('error', 'error')
  app.addContentTypeParser(mediaType, { parseAs: 'buffer' }, (request: FastifyRequest, bytes: Buffer, done: Done) => {
    if (bytes.length === 0) return done(null, undefined)
    // Written out again by some routes, which is recursive, and judged by schemas, which are as well: hence the engines' bounds.
    const excess = excessOf(bytes)
    if (excess !== null) return done(new ApiProblem('invalid_request', `body: ${excess}`), undefined)
    void parse(request, bytes.toString('utf8'), done)
  })
}

type Done = (error: Error | null, body?: unknown) => void
