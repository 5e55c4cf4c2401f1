import type { FastifyReply } from 'fastify'
import type { Kysely } from 'kysely'
import type { z } from 'zod'
import type { Database } from '../../database/tables.ts'
import type { ImagePolicy } from '../../desired/resolve-image.ts'
import type { Verb, VerbRequest } from '../../desired/verb.ts'
import { Schedules } from '../../turns/schedule.ts'
import { askedBy } from '../access.ts'
import { toEnvelope } from '../envelope.ts'
import { expectedVersion } from '../if-match.ts'
import { operationAfter } from '../operation-after.ts'
import type { ControllerView } from '../ports.ts'
import { ApiProblem } from '../problem.ts'
import { findGame, type GameRow, listGames } from '../reads/games.ts'
import { askVerb } from '../request-verb.ts'
import { gameListQuery, gameParams, noQuery, toContinueToken, wait, writeQuery } from '../requests.ts'
import type { ApiServer } from '../server.ts'
import { cleanupBody, forceNextTurnBody, patchBody, pauseBody, restartBody, resumeBody, startBody, stopBody } from '../verb-bodies.ts'

export interface RuntimeRouteOptions {
  readonly db: Kysely<Database>
  readonly view: ControllerView
  readonly policy: ImagePolicy
  /** Ends waiting requests. */
  readonly signal: AbortSignal
}

const FOR_ALL: Readonly<Record<string, z.ZodType<Verb>>> = { start: startBody, stop: stopBody, restart: restartBody, patch: patchBody }
const FOR_LOBBIES = { ...FOR_ALL, cleanup: cleanupBody }
const FOR_OPERATORS = { ...FOR_ALL, pause: pauseBody, resume: resumeBody, 'force-next-turn': forceNextTurnBody }

/** The verbs: each writes desired state and answers with the operation that does it (spec 5, "HTTP API"). */
export function runtimeRoutes(app: ApiServer, options: RuntimeRouteOptions): void {
  for (const [name, body] of Object.entries(FOR_LOBBIES)) verbRoute(app, options, 'lobby', `/internal/runtimes/:id/${name}`, body)
  for (const [name, body] of Object.entries(FOR_OPERATORS)) verbRoute(app, options, 'admin', `/admin/runtimes/:id/${name}`, body)
  readRoutes(app, options.db)
}

const NEEDED_AT = { lobby: 'lobby', admin: 'operator' } as const
const verbQuery = writeQuery.extend({ wait: wait.optional() })

function verbRoute(
  app: ApiServer,
  { db, view, policy, signal }: RuntimeRouteOptions,
  door: VerbRequest['door'],
  path: string,
  body: z.ZodType<Verb>,
): void {
  const config = { needs: NEEDED_AT[door] }
  app.post(
    path,
    { config, schema: { params: gameParams, querystring: verbQuery, body } },
    async ({ params, query, body, headers, caller, id }, reply) => {
      const asked = await askVerb(db, view, {
        gameId: params.id,
        verb: body,
        door,
        askedBy: askedBy({ caller, id }),
        policy,
        ifMatch: expectedVersion(headers['if-match']),
        force: query.force,
        dryRun: query.dryRun,
      })
      if (asked.kind === 'dry_run') return asked.answer
      const operation = await operationAfter(db, asked.operationId, query.wait ?? 0, AbortSignal.any([signal, goneSignal(reply)]))
      return reply.status(202).header('location', `/api/v1/operations/${asked.operationId}`).send(operation)
    },
  )
}

/** Aborts when the caller goes away; the request's own `close` would come as soon as its body is read. */
function goneSignal(reply: FastifyReply): AbortSignal {
  const gone = new AbortController()
  reply.raw.once('close', () => gone.abort())
  return gone.signal
}

function readRoutes(app: ApiServer, db: Kysely<Database>): void {
  const schedules = new Schedules()
  const show = (row: GameRow) => {
    const { apiVersion, metadata, status } = toEnvelope(row, schedules, Date.now())
    return { apiVersion, kind: 'Runtime', metadata, status }
  }
  app.get('/internal/runtimes', { config: { needs: 'viewer' }, schema: { querystring: gameListQuery } }, async ({ query }) => {
    const rows = await listGames(db, query)
    const shown = rows.slice(0, query.limit)
    const last = rows.length > shown.length ? shown.at(-1) : undefined
    return {
      kind: 'RuntimeList',
      metadata: { continue: last === undefined ? null : toContinueToken(last.game_id) },
      items: shown.map(show),
    }
  })
  app.get(
    '/internal/runtimes/:id',
    { config: { needs: 'viewer' }, schema: { params: gameParams, querystring: noQuery } },
    async ({ params }) => {
      const row = await findGame(db, params.id)
      if (row === null) throw new ApiProblem('not_found', `there is no game ${params.id}`)
      return show(row)
    },
  )
}
