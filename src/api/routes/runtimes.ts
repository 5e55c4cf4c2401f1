import type { FastifyReply } from 'fastify'
import type { Kysely } from 'kysely'
import type { z } from 'zod'
import type { Database } from '../../database/tables.ts'
import type { ImagePolicy } from '../../desired/resolve-image.ts'
import type { Verb, VerbRequest } from '../../desired/verb.ts'
import { Schedules } from '../../turns/schedule.ts'
import { askedBy } from '../access.ts'
import { runtime, runtimeList } from '../answers/game.ts'
import { operationDetail, verbDryRun } from '../answers/operation.ts'
import { toEnvelope } from '../envelope.ts'
import { expectedVersion, ifMatchHeader } from '../if-match.ts'
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

interface VerbRoute {
  /** Of the operation's id, after the door's. */
  readonly id: string
  readonly body: z.ZodType<Verb>
  readonly summary: string
}

const FOR_ALL: Readonly<Record<string, VerbRoute>> = {
  start: { id: 'Start', body: startBody, summary: 'Has a game run; one that is not there yet is made' },
  stop: { id: 'Stop', body: stopBody, summary: 'Has a game stop, for one of five reasons' },
  restart: { id: 'Restart', body: restartBody, summary: 'Has a game’s container made anew' },
  patch: { id: 'Patch', body: patchBody, summary: 'Has a game run on another version' },
}
const FOR_LOBBIES: typeof FOR_ALL = {
  ...FOR_ALL,
  cleanup: { id: 'CleanUp', body: cleanupBody, summary: 'Has the container of a game that stopped or finished removed before its time' },
}
const FOR_OPERATORS: typeof FOR_ALL = {
  ...FOR_ALL,
  pause: { id: 'Pause', body: pauseBody, summary: 'Has no more turns computed; the container stays up' },
  resume: { id: 'Resume', body: resumeBody, summary: 'Has turns computed again' },
  'force-next-turn': { id: 'ForceNextTurn', body: forceNextTurnBody, summary: 'Has the next turn computed now' },
}

/** The verbs: each writes desired state and answers with the operation that does it (spec 5, "HTTP API"). */
export function runtimeRoutes(app: ApiServer, options: RuntimeRouteOptions): void {
  for (const [name, verb] of Object.entries(FOR_LOBBIES)) verbRoute(app, options, 'lobby', `/internal/runtimes/:id/${name}`, verb)
  for (const [name, verb] of Object.entries(FOR_OPERATORS)) verbRoute(app, options, 'admin', `/admin/runtimes/:id/${name}`, verb)
  readRoutes(app, options.db)
}

const NEEDED_AT = { lobby: 'lobby', admin: 'operator' } as const
const verbQuery = writeQuery.extend({ wait: wait.optional() })

function verbRoute(
  app: ApiServer,
  { db, view, policy, signal }: RuntimeRouteOptions,
  door: VerbRequest['door'],
  path: string,
  { id: name, body, summary }: VerbRoute,
): void {
  const config = { needs: NEEDED_AT[door] }
  const schema = {
    operationId: `${door}${name}`,
    tags: [door === 'lobby' ? 'lobby verbs' : 'operator verbs'],
    summary,
    params: gameParams,
    querystring: verbQuery,
    body,
    shows: { headers: ifMatchHeader },
    response: { 200: verbDryRun, 202: operationDetail },
    refuses: ['not_found', 'conflict', 'precondition_failed', 'start_config_invalid', 'patch_semver_incompatible'],
  } as const
  app.post(path, { config, schema }, async ({ params, query, body, headers, caller, id }, reply) => {
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
  })
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
    return { apiVersion, kind: 'Runtime' as const, metadata, status }
  }
  const config = { needs: 'viewer' } as const
  const list = {
    operationId: 'listRuntimes',
    tags: ['games'],
    summary: 'What is known of games, in the order of their ids, page by page',
    querystring: gameListQuery,
    response: { 200: runtimeList },
  } as const
  app.get('/internal/runtimes', { config, schema: list }, async ({ query }) => {
    const rows = await listGames(db, query)
    const shown = rows.slice(0, query.limit)
    const last = rows.length > shown.length ? shown.at(-1) : undefined
    return {
      kind: 'RuntimeList' as const,
      metadata: { continue: last === undefined ? null : toContinueToken(last.game_id) },
      items: shown.map(show),
    }
  })
  const read = {
    operationId: 'readRuntime',
    tags: ['games'],
    summary: 'What is known of a game',
    params: gameParams,
    querystring: noQuery,
    response: { 200: runtime },
    refuses: ['not_found'],
  } as const
  app.get('/internal/runtimes/:id', { config, schema: read }, async ({ params }) => {
    const row = await findGame(db, params.id)
    if (row === null) throw new ApiProblem('not_found', `there is no game ${params.id}`)
    return show(row)
  })
}
