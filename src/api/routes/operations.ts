import type { Kysely } from 'kysely'
import { z } from 'zod'
import type { Database } from '../../database/tables.ts'
import { operationDetail, operationList } from '../answers/operation.ts'
import { operationAfter } from '../operation-after.ts'
import { toOperation } from '../operation-answer.ts'
import { listOperations, type OperationPage } from '../reads/operations.ts'
import { gameParams, operationParams, pageQuery, toContinueToken, wait } from '../requests.ts'
import type { ApiServer } from '../server.ts'

export function operationRoutes(app: ApiServer, db: Kysely<Database>, signal: AbortSignal): void {
  const config = { needs: 'viewer' } as const
  const all = {
    operationId: 'listOperations',
    tags: ['operations'],
    summary: 'Operations of all games, newest first',
    querystring: pageQuery,
    response: { 200: operationList },
  } as const
  app.get('/operations', { config, schema: all }, ({ query }) =>
    page(db, { gameId: null, limit: query.limit, before: query.continue ?? null }),
  )
  const ofGame = {
    operationId: 'listGameOperations',
    tags: ['operations'],
    summary: 'Operations of one game, newest first; they outlive the game',
    params: gameParams,
    querystring: pageQuery,
    response: { 200: operationList },
  } as const
  app.get('/games/:id/operations', { config, schema: ofGame }, ({ params, query }) =>
    page(db, { gameId: params.id, limit: query.limit, before: query.continue ?? null }),
  )
  const one = {
    operationId: 'readOperation',
    tags: ['operations'],
    summary: 'An operation with its steps, at once or when it has ended',
    params: operationParams,
    querystring: z.strictObject({ wait: wait.optional() }),
    response: { 200: operationDetail },
    refuses: ['not_found'],
  } as const
  app.get('/operations/:id', { config, schema: one }, async ({ params, query, raw }) => {
    const closed = new AbortController()
    raw.once('close', () => closed.abort())
    return operationAfter(db, params.id, query.wait ?? 0, AbortSignal.any([signal, closed.signal]))
  })
}

async function page(db: Kysely<Database>, asked: OperationPage) {
  const { rows, next } = await listOperations(db, asked)
  return {
    kind: 'OperationList' as const,
    metadata: { continue: next === null ? null : toContinueToken(next) },
    items: rows.map(toOperation),
  }
}
