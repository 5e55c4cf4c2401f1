import type { Kysely } from 'kysely'
import { z } from 'zod'
import type { Database } from '../../database/tables.ts'
import { GAME_ID_PATTERN } from '../../model/game.ts'
import { replayOutbox } from '../../outbox/replay.ts'
import { ApiProblem } from '../problem.ts'
import { findOutboxRow, listOutbox, OUTBOX_STATES, type OutboxRow, toOutboxEvent } from '../reads/outbox.ts'
import { continueToken, dryRunQuery, limit, toContinueToken } from '../requests.ts'
import type { ApiServer } from '../server.ts'

/** `replayed`: how many events are sent again, or would be. */
export interface ReplayAnswer {
  readonly kind: 'ReplayResult'
  readonly dryRun: boolean
  readonly replayed: number
}

const ROW_ID = /^\d{1,15}$/

const game = z.string().regex(GAME_ID_PATTERN, 'is no game id').optional()
const params = z.strictObject({ id: z.string().regex(ROW_ID, 'is no id of the outbox').transform(Number) })
const place = continueToken.transform((key, context) => {
  if (ROW_ID.test(key)) return Number(key)
  context.addIssue({ code: 'custom', message: 'is no continue token of this list' })
  return z.NEVER
})
const listQuery = z.strictObject({ limit, continue: place.optional(), game, state: z.enum(OUTBOX_STATES).optional() })

/** What is told to the outside, and having it told again (docs/webhook.md). */
export function outboxRoutes(app: ApiServer, db: Kysely<Database>): void {
  app.get('/outbox', { config: { needs: 'viewer' }, schema: { querystring: listQuery } }, async ({ query }) => {
    const { rows, next } = await listOutbox(db, {
      gameId: query.game ?? null,
      state: query.state ?? null,
      limit: query.limit,
      before: query.continue ?? null,
    })
    return {
      kind: 'OutboxEventList',
      metadata: { continue: next === null ? null : toContinueToken(String(next)) },
      items: rows.map(toOutboxEvent),
    }
  })

  const replayOne = { config: { needs: 'operator' }, schema: { params, querystring: dryRunQuery } } as const
  app.post('/outbox/:id/replay', replayOne, async ({ params: { id }, query: { dryRun } }) => {
    await requireRow(db, id)
    await replayOutbox(db, { kind: 'event', rowId: id }, { dryRun })
    return { kind: 'OutboxEvent', dryRun, ...toOutboxEvent(await requireRow(db, id)) }
  })

  const replayQuery = dryRunQuery.extend({ game })
  app.post(
    '/outbox/replay',
    { config: { needs: 'operator' }, schema: { querystring: replayQuery } },
    async ({ query: { game: gameId, dryRun } }): Promise<ReplayAnswer> => {
      const replayed = await replayOutbox(db, { kind: 'dead', gameId: gameId ?? null }, { dryRun })
      return { kind: 'ReplayResult', dryRun, replayed }
    },
  )
}

async function requireRow(db: Kysely<Database>, rowId: number): Promise<OutboxRow> {
  const row = await findOutboxRow(db, rowId)
  if (row === null) throw new ApiProblem('not_found', `the outbox has no event ${rowId}, or no longer`)
  return row
}
