import type { FastifyReply } from 'fastify'
import type { Kysely } from 'kysely'
import pLimit from 'p-limit'
import { z } from 'zod'
import type { Database } from '../../database/tables.ts'
import type { ImagePolicy } from '../../desired/resolve-image.ts'
import { Schedules } from '../../turns/schedule.ts'
import { askedBy } from '../access.ts'
import { deletedGame, game, gameList, gamePlan } from '../answers/game.ts'
import { gameDryRun } from '../answers/manifest.ts'
import { deleteGame } from '../delete-game.ts'
import { type GameEnvelope, toEnvelope } from '../envelope.ts'
import { GameList } from '../game-list.ts'
import { expectedVersion, ifMatchHeader } from '../if-match.ts'
import { gameManifest } from '../manifest-bodies.ts'
import type { ControllerView } from '../ports.ts'
import { ApiProblem } from '../problem.ts'
import { putGame } from '../put-game.ts'
import { findGame, type GameRow, listGames } from '../reads/games.ts'
import { deleteQuery, gameListQuery, gameParams, noQuery, toContinueToken, writeQuery } from '../requests.ts'
import type { ApiServer } from '../server.ts'
import { planOf } from '../plan-of.ts'

export interface GameRouteOptions {
  readonly db: Kysely<Database>
  readonly view: ControllerView
  readonly policy: ImagePolicy
}

export function gameRoutes(app: ApiServer, options: GameRouteOptions): void {
  const schedules = new Schedules()
  const show: Show = (row) => toEnvelope(row, schedules, Date.now())
  readRoutes(app, options.db, show, new GameList(options.db, schedules))
  applyRoute(app, options, show)
  deleteRoute(app, options.db, show)
  planRoute(app, options)
}

type Show = (row: GameRow) => GameEnvelope

function readRoutes(app: ApiServer, db: Kysely<Database>, show: Show, allGames: GameList): void {
  const list = {
    operationId: 'listGames',
    tags: ['games'],
    summary: 'Games in the order of their ids, page by page',
    querystring: gameListQuery,
    response: { 200: gameList },
  } as const
  app.get('/games', { config: { needs: 'viewer' }, schema: list }, async ({ query }, reply) => {
    if (query.labelSelector === undefined && query.fieldSelector === undefined)
      return sendJson(reply, await allGames.page(query.continue ?? '', query.limit, Date.now()))
    const rows = await listGames(db, query)
    const shown = rows.slice(0, query.limit)
    const last = rows.length > shown.length ? shown.at(-1) : undefined
    return {
      kind: 'GameList' as const,
      metadata: { continue: last === undefined ? null : toContinueToken(last.game_id) },
      items: shown.map(show),
    }
  })

  const read = {
    operationId: 'readGame',
    tags: ['games'],
    summary: 'A game: what was asked for, and what is known of it',
    params: gameParams,
    querystring: noQuery,
    response: { 200: game },
    refuses: ['not_found'],
  } as const
  app.get('/games/:id', { config: { needs: 'viewer' }, schema: read }, async ({ params }, reply) =>
    sendGame(reply, show(await requireGame(db, params.id))),
  )
}

function applyRoute(app: ApiServer, { db, view, policy }: GameRouteOptions, show: Show): void {
  // A conditional write needs a second connection while it holds one: several of them could wait for each other's.
  const oneAtATime = pLimit(1)
  const write = {
    operationId: 'applyGame',
    tags: ['games'],
    summary: 'Makes a game, or makes it as the manifest in the body says',
    params: gameParams,
    querystring: writeQuery,
    body: z.unknown(),
    shows: { body: gameManifest, headers: ifMatchHeader },
    response: { 200: z.discriminatedUnion('kind', [game, gameDryRun]), 201: game },
    refuses: ['not_found', 'conflict', 'precondition_failed', 'start_config_invalid', 'patch_semver_incompatible'],
  } as const
  app.put('/games/:id', { config: { needs: 'lobby' }, schema: write }, async ({ params, query, body, headers, caller, id }, reply) => {
    const expected = expectedVersion(headers['if-match'])
    const put = () =>
      putGame(db, policy, {
        gameId: params.id,
        body,
        expectedVersion: expected,
        force: query.force,
        dryRun: query.dryRun,
        sourceRef: askedBy({ caller, id }),
      })
    const { document, result } = await (expected === null ? put() : oneAtATime(put))
    if (query.dryRun) return { ...result, kind: 'DryRun' as const, plan: await planOf(db, view, document) }
    reply.status(result.outcome === 'created' ? 201 : 200)
    return sendGame(reply, show(await requireGame(db, params.id)))
  })
}

function deleteRoute(app: ApiServer, db: Kysely<Database>, show: Show): void {
  const deletion = {
    operationId: 'deleteGame',
    tags: ['games'],
    summary: 'Has a game stopped, removed and forgotten',
    params: gameParams,
    querystring: deleteQuery,
    shows: { headers: ifMatchHeader },
    response: { 200: deletedGame, 202: deletedGame },
    refuses: ['not_found', 'conflict', 'precondition_failed'],
  } as const
  app.delete('/games/:id', { config: { needs: 'lobby' }, schema: deletion }, async ({ params, query, headers, caller, id }, reply) => {
    const expected = expectedVersion(headers['if-match'])
    const { warnings } = await deleteGame(db, {
      gameId: params.id,
      purgeState: query.purgeState,
      expectedVersion: expected,
      dryRun: query.dryRun,
      sourceRef: askedBy({ caller, id }),
    })
    const row = await findGame(db, params.id)
    return reply
      .status(query.dryRun ? 200 : 202)
      .send({ ...(row === null ? { kind: 'Deleted' as const, metadata: { name: params.id } } : show(row)), warnings })
  })
}

function planRoute(app: ApiServer, { db, view }: GameRouteOptions): void {
  const planned = {
    operationId: 'planGame',
    tags: ['games'],
    summary: 'What the controller would do about a game now, and why',
    params: gameParams,
    querystring: noQuery,
    response: { 200: gamePlan },
    refuses: ['not_found'],
  } as const
  app.get('/games/:id/plan', { config: { needs: 'viewer' }, schema: planned }, async ({ params }) => {
    await requireGame(db, params.id)
    if (!view.isLeader()) throw new ApiProblem('service_unavailable', 'this controller is on standby; only the active one plans')
    return { kind: 'Plan' as const, game: params.id, ...(await view.planFor(params.id)) }
  })
}

export async function requireGame(db: Kysely<Database>, gameId: string): Promise<GameRow> {
  const row = await findGame(db, gameId)
  if (row === null) throw new ApiProblem('not_found', `there is no game ${gameId}`)
  return row
}

export function sendGame(reply: FastifyReply, game: GameEnvelope): FastifyReply {
  if (game.metadata.resourceVersion !== null) reply.header('etag', `"${game.metadata.resourceVersion}"`)
  return reply.send(game)
}

/** What is JSON already. */
function sendJson(reply: FastifyReply, bytes: Buffer): FastifyReply {
  return reply.type('application/json; charset=utf-8').send(bytes)
}
