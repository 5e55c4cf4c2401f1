import type { Kysely } from 'kysely'
import { z } from 'zod'
import type { Database } from '../../database/tables.ts'
import { replayOutbox } from '../../outbox/replay.ts'
import { outboxEventList, replay, replayedEvent } from '../answers/outbox.ts'
import { ApiProblem } from '../problem.ts'
import { findOutboxRow, listOutbox, OUTBOX_STATES, type OutboxRow, toOutboxEvent } from '../reads/outbox.ts'
import { dryRunQuery, gameParams, limit, rowContinue, toContinueToken } from '../requests.ts'
import type { ApiServer } from '../server.ts'

/** `replayed`: how many events are sent again, or would be. */
export interface ReplayAnswer {
  readonly kind: 'ReplayResult'
  readonly dryRun: boolean
  readonly replayed: number
}

const ROW_ID = /^\d{1,15}$/

const game = gameParams.shape.id.optional().describe('Only of this game.')
const params = z.strictObject({
  id: z.string().regex(ROW_ID, 'is no id of the outbox').transform(Number).describe('The event’s number in the outbox.'),
})
const listQuery = z.strictObject({
  limit,
  continue: rowContinue.optional(),
  game,
  state: z.enum(OUTBOX_STATES).optional().describe('Only events in this state.'),
})

/** What is told to the outside, and having it told again (docs/webhook.md). */
export function outboxRoutes(app: ApiServer, db: Kysely<Database>): void {
  const list = {
    operationId: 'listOutbox',
    tags: ['outbox'],
    summary: 'What is told to the outside, newest first',
    querystring: listQuery,
    response: { 200: outboxEventList },
  } as const
  app.get('/outbox', { config: { needs: 'viewer' }, schema: list }, async ({ query }) => {
    const { rows, next } = await listOutbox(db, {
      gameId: query.game ?? null,
      state: query.state ?? null,
      limit: query.limit,
      before: query.continue ?? null,
    })
    return {
      kind: 'OutboxEventList' as const,
      metadata: { continue: next === null ? null : toContinueToken(String(next)) },
      items: rows.map(toOutboxEvent),
    }
  })

  const one = {
    operationId: 'replayEvent',
    tags: ['outbox'],
    summary: 'Has one event sent again',
    params,
    querystring: dryRunQuery,
    response: { 200: replayedEvent },
    refuses: ['not_found', 'conflict'],
  } as const
  app.post('/outbox/:id/replay', { config: { needs: 'operator' }, schema: one }, async ({ params: { id }, query: { dryRun } }) => {
    await requireRow(db, id)
    await replayOutbox(db, { kind: 'event', rowId: id }, { dryRun })
    return { kind: 'OutboxEvent' as const, dryRun, ...toOutboxEvent(await requireRow(db, id)) }
  })

  const many = {
    operationId: 'replayDeadEvents',
    tags: ['outbox'],
    summary: 'Has all events that were given up sent again',
    querystring: dryRunQuery.extend({ game }),
    response: { 200: replay },
  } as const
  app.post(
    '/outbox/replay',
    { config: { needs: 'operator' }, schema: many },
    async ({ query: { game: gameId, dryRun } }): Promise<ReplayAnswer> => {
      const replayed = await replayOutbox(db, { kind: 'dead', gameId: gameId ?? null }, { dryRun })
      return { kind: 'ReplayResult' as const, dryRun, replayed }
    },
  )
}

async function requireRow(db: Kysely<Database>, rowId: number): Promise<OutboxRow> {
  const row = await findOutboxRow(db, rowId)
  if (row === null) throw new ApiProblem('not_found', `the outbox has no event ${rowId}, or no longer`)
  return row
}
