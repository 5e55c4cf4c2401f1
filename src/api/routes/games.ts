import type { FastifyReply } from 'fastify'
import type { Kysely } from 'kysely'
import pLimit from 'p-limit'
import { z } from 'zod'
import type { Database } from '../../database/tables.ts'
import type { ImagePolicy } from '../../desired/resolve-image.ts'
import { Schedules } from '../../turns/schedule.ts'
import { askedBy } from '../access.ts'
import { deleteGame } from '../delete-game.ts'
import { type GameEnvelope, toEnvelope } from '../envelope.ts'
import { expectedVersion } from '../if-match.ts'
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

export function gameRoutes(app: ApiServer, { db, view, policy }: GameRouteOptions): void {
  const schedules = new Schedules()
  const show = (row: GameRow): GameEnvelope => toEnvelope(row, schedules, Date.now())
  app.get('/games', { config: { needs: 'viewer' }, schema: { querystring: gameListQuery } }, async ({ query }) => {
    const rows = await listGames(db, query)
    const shown = rows.slice(0, query.limit)
    const last = rows.length > shown.length ? shown.at(-1) : undefined
    return {
      kind: 'GameList',
      metadata: { continue: last === undefined ? null : toContinueToken(last.game_id) },
      items: shown.map(show),
    }
  })

  app.get('/games/:id', { config: { needs: 'viewer' }, schema: { params: gameParams, querystring: noQuery } }, async ({ params }, reply) =>
    sendGame(reply, show(await requireGame(db, params.id))),
  )

  // A conditional write needs a second connection while it holds one: several of them could wait for each other's.
  const oneAtATime = pLimit(1)
  app.put(
    '/games/:id',
    { config: { needs: 'lobby' }, schema: { params: gameParams, querystring: writeQuery, body: z.unknown() } },
    async ({ params, query, body, headers, caller, id }, reply) => {
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
      if (query.dryRun) return { ...result, kind: 'DryRun', plan: await planOf(db, view, document) }
      reply.status(result.outcome === 'created' ? 201 : 200)
      return sendGame(reply, show(await requireGame(db, params.id)))
    },
  )

  const deletion = { config: { needs: 'lobby' }, schema: { params: gameParams, querystring: deleteQuery } } as const
  app.delete('/games/:id', deletion, async ({ params, query, headers, caller, id }, reply) => {
    const expected = expectedVersion(headers['if-match'])
    const { warnings } = await deleteGame(db, {
      gameId: params.id,
      purgeState: query.purgeState,
      expectedVersion: expected,
      dryRun: query.dryRun,
      sourceRef: askedBy({ caller, id }),
    })
    const game = await findGame(db, params.id)
    return reply
      .status(query.dryRun ? 200 : 202)
      .send({ ...(game === null ? { kind: 'Deleted', metadata: { name: params.id } } : show(game)), warnings })
  })

  app.get('/games/:id/plan', { config: { needs: 'viewer' }, schema: { params: gameParams, querystring: noQuery } }, async ({ params }) => {
    await requireGame(db, params.id)
    if (!view.isLeader()) throw new ApiProblem('service_unavailable', 'this controller is on standby; only the active one plans')
    return { kind: 'Plan', game: params.id, ...(await view.planFor(params.id)) }
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
