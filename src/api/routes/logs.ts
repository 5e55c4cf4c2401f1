import { Readable } from 'node:stream'
import { z } from 'zod'
import { parseDuration } from '../../config/values.ts'
import { streamed } from '../answers/parts.ts'
import { callerOf } from '../access.ts'
import { cutStalled } from '../cut-stalled.ts'
import type { OpenStreams } from '../open-streams.ts'
import type { ControllerView } from '../ports.ts'
import { flag, gameParams } from '../requests.ts'
import type { ApiServer } from '../server.ts'

const MAX_TAIL = 1_000_000

const tail = z
  .string()
  .transform((text, context) => {
    if (text === 'all') return null
    if (/^\d{1,7}$/.test(text) && Number(text) <= MAX_TAIL) return Number(text)
    context.addIssue({ code: 'custom', message: `is no number of lines up to ${MAX_TAIL}, nor all` })
    return z.NEVER
  })
  .meta({ description: 'The last so many lines, or all.', examples: ['100'] })

/** Ago, or an instant. */
const since = z
  .string()
  .transform((text, context) => {
    const agoMs = /[a-z]$/.test(text) ? parseDuration(text) : null
    if (agoMs !== null) return Date.now() - agoMs
    const instant = z.iso.datetime({ offset: true }).safeParse(text)
    if (instant.success) return Date.parse(text)
    context.addIssue({ code: 'custom', message: 'is neither a duration such as 10m nor an instant such as 2026-01-31T18:00:00Z' })
    return z.NEVER
  })
  .meta({ description: 'From so long ago, or from an instant on.', examples: ['10m', '2026-01-31T18:00:00Z'] })

const query = z.strictObject({
  follow: flag('Goes on until the container ends.'),
  timestamps: flag('Begins each line with Docker’s time.'),
  tail: tail.optional(),
  since: since.optional(),
})

/**
 * `GET /games/{id}/logs`: what the game's container wrote, as it was written, stdout and stderr together. The answer is text of
 * whoever wrote the engine: nothing of it is to be trusted, and a terminal should be shown it without its control characters.
 */
export function logRoutes(app: ApiServer, { view, streams }: { readonly view: ControllerView; readonly streams: OpenStreams }): void {
  const schema = {
    operationId: 'readLogs',
    tags: ['games'],
    summary: 'What a game’s container has written, stdout and stderr together, as it was written',
    params: gameParams,
    querystring: query,
    response: { 200: streamed('text/plain') },
    refuses: ['not_found'],
  } as const
  app.get('/games/:id/logs', { config: { needs: 'viewer' }, schema }, async ({ params, query, caller }, reply) => {
    const stream = streams.admit(callerOf({ caller }))
    reply.raw.once('close', () => stream.release())
    const gone = new AbortController()
    reply.raw.once('close', () => gone.abort())
    const { follow, timestamps, tail = null, since: sinceMs = null } = query
    const chunks = await view.openLogs(params.id, { follow, timestamps, tail, sinceMs }, AbortSignal.any([stream.signal, gone.signal]))
    // An engine may be silent for days.
    reply.raw.socket?.setTimeout(0)
    cutStalled(reply.raw)
    return reply
      .type('text/plain; charset=utf-8')
      .header('cache-control', 'no-store')
      .header('x-content-type-options', 'nosniff')
      .send(Readable.from(chunks, { objectMode: false }))
  })
}
