import type { FastifyReply } from 'fastify'
import type { Kysely } from 'kysely'
import { z } from 'zod'
import type { Database } from '../../database/tables.ts'
import type { PlayerAnswer } from '../../engine/client.ts'
import { EngineFailure } from '../../engine/failure.ts'
import { parseJson } from '../../engine/json.ts'
import { choosePlayer, playedRaces } from '../../proxy/player.ts'
import type { PlayerCall } from '../../proxy/player-desk.ts'
import type { ControllerView } from '../ports.ts'
import { ApiProblem } from '../problem.ts'
import { isGame } from '../reads/games.ts'
import { gameParams } from '../requests.ts'
import type { ApiServer } from '../server.ts'

export interface UserGameRouteOptions {
  readonly db: Kysely<Database>
  readonly view: ControllerView
  /** Ends calls under way. */
  readonly signal: AbortSignal
}

/** Says for whom the caller asks; whoever holds the token is believed. */
const USER_HEADER = 'Galaxy-User-Id'
const BODY_LIMIT_BYTES = 256 * 1024
/** A turn is an `integer` of Postgres. */
const MAX_TURN = 2 ** 31 - 1

const userId = z.string().regex(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i)
const userHeader = z.object({
  'galaxy-user-id': userId.describe('The user for whom the caller asks; whoever holds the token is believed.'),
})
const raceQuery = z.strictObject({
  race: z.string().min(1).max(128).optional().describe('Which of the user’s races, where there are several.'),
})
const engineAnswer = z.unknown().describe('The engine’s own answer, marked `Galaxy-Answered-By: engine`; also a refusal of its own, a 4xx.')
const body = z.record(z.string(), z.unknown(), 'expected a JSON object')
const reportParams = gameParams.extend({
  turn: z
    .string()
    .regex(/^(0|[1-9]\d{0,9})$/, 'is no turn')
    .transform(Number)
    .refine((turn) => turn <= MAX_TURN, 'is no turn')
    .meta({ description: 'The turn’s number.', shown: { type: 'integer', minimum: 0 } }),
})

interface Asked {
  readonly gameId: string
  readonly userId: string
  /** Null where the caller names none. */
  readonly race: string | null
}

/** The game proxy: a user's calls to the engine, as the player that the user is to it (spec 5, "HTTP API"). */
export function userGameRoutes(app: ApiServer, { db, view, signal }: UserGameRouteOptions): void {
  const pass = async (asked: Asked, call: PlayerCall, reply: FastifyReply): Promise<FastifyReply> => {
    const actor = await actorOf(db, asked)
    return send(reply, await ask(view, asked.gameId, actor, call, AbortSignal.any([signal, goneSignal(reply)])))
  }
  app.register(
    async (scope: ApiServer) => {
      readBodiesWithCare(scope)
      // Reports as well: each is one player's secret.
      const config = { needs: 'lobby' } as const
      const shared = {
        tags: ['players'],
        querystring: raceQuery,
        shows: { headers: userHeader },
        response: { default: engineAnswer },
        refuses: ['not_found', 'engine_unreachable'],
      } as const
      for (const kind of ['commands', 'orders'] as const) {
        const schema = {
          ...shared,
          operationId: kind === 'commands' ? 'sendCommands' : 'sendOrders',
          summary: `Sends a player’s ${kind} to the engine`,
          params: gameParams,
          body,
        }
        scope.post(`/:id/${kind}`, { config, bodyLimit: BODY_LIMIT_BYTES, schema }, ({ params, query, headers, body }, reply) =>
          pass({ gameId: params.id, userId: userOf(headers), race: query.race ?? null }, { kind, body }, reply),
        )
      }
      const report = { ...shared, operationId: 'readReport', summary: 'A player’s report of a turn', params: reportParams }
      scope.get('/:id/reports/:turn', { config, schema: report }, ({ params, query, headers }, reply) =>
        pass({ gameId: params.id, userId: userOf(headers), race: query.race ?? null }, { kind: 'report', turn: params.turn }, reply),
      )
    },
    { prefix: '/user/games' },
  )
}

/** Players wrote these bodies, and they are written out again, which is recursive: the engine's rules for JSON hold for them as well. */
function readBodiesWithCare(scope: ApiServer): void {
  scope.removeContentTypeParser('application/json')
  scope.addContentTypeParser('application/json', { parseAs: 'buffer' }, async (_request: unknown, bytes: Buffer) => {
    const reading = parseJson(bytes)
    if (reading.kind === 'read') return reading.value
    throw new ApiProblem('invalid_request', `body: ${reading.why}`)
  })
}

/** A header sent twice arrives joined, and is no UUID. */
function userOf(headers: Readonly<Record<string, string | string[] | undefined>>): string {
  const parsed = userId.safeParse(headers[USER_HEADER.toLowerCase()])
  if (parsed.success) return parsed.data.toLowerCase()
  throw new ApiProblem('invalid_request', `send "${USER_HEADER}: <uuid>", the user for whom you ask`)
}

async function actorOf(db: Kysely<Database>, { gameId, userId, race }: Asked): Promise<string> {
  const choice = choosePlayer(await playedRaces(db, gameId, userId), race)
  switch (choice.kind) {
    case 'player':
      return choice.enginePlayerId
    case 'ambiguous': {
      const races = choice.races.map((name) => JSON.stringify(name)).join(' and ')
      throw new ApiProblem('invalid_request', `user ${userId} plays ${races} in game ${gameId}: name one with ?race=`)
    }
    case 'not_theirs': {
      if (!(await isGame(db, gameId))) throw new ApiProblem('not_found', `there is no game ${gameId}`)
      const what = race === null ? 'has no player' : `does not play ${JSON.stringify(race)}`
      throw new ApiProblem('forbidden', `user ${userId} ${what} in game ${gameId}`)
    }
  }
}

async function ask(view: ControllerView, gameId: string, actor: string, call: PlayerCall, signal: AbortSignal): Promise<PlayerAnswer> {
  try {
    return await view.askAsPlayer(gameId, actor, call, signal)
  } catch (error) {
    if (!(error instanceof EngineFailure)) throw error
    const status = error.kind === 'unanswered' ? 503 : 502
    throw new ApiProblem('engine_unreachable', `the engine of game ${gameId}: ${error.message}`, { status, cause: error })
  }
}

/** Written as JSON whatever it is, and told apart from an answer of our own. */
function send(reply: FastifyReply, { status, body }: PlayerAnswer): FastifyReply {
  return reply
    .status(status)
    .headers({ 'galaxy-answered-by': 'engine', 'cache-control': 'no-store' })
    .type('application/json; charset=utf-8')
    .send(JSON.stringify(body))
}

/** Aborts when the caller goes away; the request's own `close` would come as soon as its body is read. */
function goneSignal(reply: FastifyReply): AbortSignal {
  const gone = new AbortController()
  reply.raw.once('close', () => gone.abort(new Error('the caller is gone')))
  return gone.signal
}
