import pLimit from 'p-limit'
import { z } from 'zod'
import { Schedules } from '../../turns/schedule.ts'
import { askedBy } from '../access.ts'
import { game } from '../answers/game.ts'
import { gameDryRun } from '../answers/manifest.ts'
import { toEnvelope } from '../envelope.ts'
import { expectedVersion, ifMatchHeader } from '../if-match.ts'
import { readAsJson } from '../json-body.ts'
import { patchGame } from '../patch-game.ts'
import { planOf } from '../plan-of.ts'
import { gameParams, writeQuery } from '../requests.ts'
import type { ApiServer } from '../server.ts'
import { type GameRouteOptions, requireGame, sendGame } from './games.ts'

const patchShape = z
  .object({ metadata: z.object({}).loose().optional(), spec: z.object({}).loose().optional() })
  .describe('Fields of the manifest with their new values; null takes one away. As application/merge-patch+json or application/json.')

/** `PATCH /games/{id}`: an RFC 7396 merge patch of the game's manifest. */
export function patchGameRoutes(app: ApiServer, options: GameRouteOptions): void {
  // In a scope of its own: no other route takes this media type.
  app.register(async (scope: ApiServer) => {
    readAsJson(scope, 'application/merge-patch+json')
    addRoute(scope, options)
  })
}

function addRoute(app: ApiServer, { db, view, policy }: GameRouteOptions): void {
  const schedules = new Schedules()
  // A conditional write needs a second connection while it holds one, and each patch is conditional on the row it was made from.
  const oneAtATime = pLimit(1)
  const schema = {
    operationId: 'patchGame',
    tags: ['games'],
    summary: 'Changes what the body names of a game’s manifest, and leaves the rest (RFC 7396)',
    params: gameParams,
    querystring: writeQuery,
    body: z.unknown(),
    shows: { body: patchShape, headers: ifMatchHeader },
    response: { 200: z.discriminatedUnion('kind', [game, gameDryRun]) },
    refuses: ['not_found', 'conflict', 'precondition_failed', 'start_config_invalid', 'patch_semver_incompatible'],
  } as const
  app.patch('/games/:id', { config: { needs: 'lobby' }, schema }, async ({ params, query, body, headers, caller, id }, reply) => {
    const request = {
      gameId: params.id,
      patch: body,
      expectedVersion: expectedVersion(headers['if-match']),
      force: query.force,
      dryRun: query.dryRun,
      sourceRef: askedBy({ caller, id }),
    }
    const { document, result } = await oneAtATime(() => patchGame(db, policy, request))
    if (query.dryRun) return { ...result, kind: 'DryRun' as const, plan: await planOf(db, view, document) }
    return sendGame(reply, toEnvelope(await requireGame(db, params.id), schedules, Date.now()))
  })
}
