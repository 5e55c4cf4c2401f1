import type { Kysely } from 'kysely'
import { z } from 'zod'
import type { Database } from '../../database/tables.ts'
import { Schedules } from '../../turns/schedule.ts'
import { explanation } from '../answers/explanation.ts'
import { type GameEnvelope, toEnvelope } from '../envelope.ts'
import { explain } from '../explanation.ts'
import { findGame } from '../reads/games.ts'
import { readPast } from '../reads/explanation.ts'
import { gameParams } from '../requests.ts'
import type { ApiServer } from '../server.ts'

const MAX_OPERATIONS = 100
const schema = {
  operationId: 'explainGame',
  tags: ['games'],
  summary: 'Why a game is as it is: what happened to it and what each was done for; also of one that is gone',
  params: gameParams,
  querystring: z.strictObject({
    limit: z.coerce.number().int().min(1).max(MAX_OPERATIONS).default(10).describe('How many operations to go back.'),
  }),
  response: { 200: explanation },
} as const

function nowOf({ metadata: { generation }, status: { ready, conditions } }: GameEnvelope) {
  return { generation, ready, conditions }
}

/** Why a game is as it is, from the database alone: also of one that is gone, and weeks later. */
export function explanationRoutes(app: ApiServer, db: Kysely<Database>): void {
  const schedules = new Schedules()
  app.get('/games/:id/explanation', { config: { needs: 'viewer' }, schema }, async ({ params, query: { limit } }) => {
    const [game, past] = await Promise.all([findGame(db, params.id), readPast(db, params.id, limit)])
    return {
      kind: 'Explanation' as const,
      metadata: { name: params.id },
      now: game === null ? null : nowOf(toEnvelope(game, schedules, Date.now())),
      happenings: explain(past),
    }
  })
}
