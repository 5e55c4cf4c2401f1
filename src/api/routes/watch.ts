import { z } from 'zod'
import { GAME_ID_PATTERN } from '../../model/game.ts'
import { callerOf } from '../access.ts'
import { streamed } from '../answers/parts.ts'
import { cutStalled } from '../cut-stalled.ts'
import type { OpenStreams } from '../open-streams.ts'
import { parsePosition } from '../watch/position.ts'
import type { ApiServer } from '../server.ts'
import type { WatchDesk } from '../watch/watch-desk.ts'

const KINDS = { games: 'game', operations: 'operation', turns: 'turn' } as const

const kinds = z.string().transform((text, context) => {
  const named = text.split(',').map((name) => Object.entries(KINDS).find(([known]) => known === name)?.[1])
  if (named.every((kind) => kind !== undefined)) return named
  context.addIssue({ code: 'custom', message: 'is no list of games, operations and turns' })
  return z.NEVER
})

const position = z.string().transform((text, context) => {
  const parsed = parsePosition(text)
  if (parsed !== null) return parsed
  context.addIssue({ code: 'custom', message: 'is no position of this watch: take it from the id of an event' })
  return z.NEVER
})

const query = z.strictObject({
  since: position.optional().describe('After which event; from now on when left out. A Last-Event-ID header wins.'),
  kinds: kinds.optional().describe('games, operations, turns, separated by commas; all when left out.'),
  game: z.string().regex(GAME_ID_PATTERN, 'is no game id').optional().describe('Of this game alone.'),
})
const headers = z.object({ 'last-event-id': position.optional().describe('As `since`; browsers send it by themselves.') })

const HEAD = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  // nginx would wait for the end of the answer.
  'x-accel-buffering': 'no',
}

/**
 * `GET /watch`: games, operations and turns as they change (ADR 23). Each event carries the whole object as it was when its change was
 * read, so that whoever lists after the first bookmark and then takes in the events misses nothing.
 */
export function watchRoutes(app: ApiServer, { desk, streams }: { readonly desk: WatchDesk; readonly streams: OpenStreams }): void {
  const schema = {
    operationId: 'watch',
    tags: ['games'],
    summary: 'Games, operations and turns as they change, as server-sent events',
    querystring: query,
    headers,
    shows: { headers },
    response: { 200: streamed('text/event-stream') },
    refuses: ['gone'],
  } as const
  app.get('/watch', { config: { needs: 'viewer' }, schema }, async ({ method, query, headers, caller }, reply) => {
    const stream = streams.admit(callerOf({ caller }))
    reply.raw.once('close', () => stream.release())
    if (method === 'HEAD') return reply.headers(HEAD).send('')
    const request = {
      position: headers['last-event-id'] ?? query.since ?? null,
      kinds: query.kinds ?? null,
      gameId: query.game ?? null,
      signal: stream.signal,
    }
    await desk.serve(reply.raw, request, () => {
      reply.hijack()
      reply.raw.writeHead(200, HEAD)
      reply.raw.flushHeaders()
      // Bookmarks stay away while the database does.
      reply.raw.socket?.setTimeout(0)
      cutStalled(reply.raw)
    })
    return reply
  })
}
