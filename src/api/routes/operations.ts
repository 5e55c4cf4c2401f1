import type { Kysely } from 'kysely'
import { z } from 'zod'
import type { Database } from '../../database/tables.ts'
import { operationAfter } from '../operation-after.ts'
import { toOperation } from '../operation-answer.ts'
import { listOperations, type OperationPage } from '../reads/operations.ts'
import { gameParams, operationParams, pageQuery, toContinueToken, wait } from '../requests.ts'
import type { ApiServer } from '../server.ts'

export function operationRoutes(app: ApiServer, db: Kysely<Database>, signal: AbortSignal): void {
  app.get('/operations', { config: { needs: 'viewer' }, schema: { querystring: pageQuery } }, ({ query }) =>
    page(db, { gameId: null, limit: query.limit, before: query.continue ?? null }),
  )
  app.get(
    '/games/:id/operations',
    { config: { needs: 'viewer' }, schema: { params: gameParams, querystring: pageQuery } },
    ({ params, query }) => page(db, { gameId: params.id, limit: query.limit, before: query.continue ?? null }),
  )
  const querystring = z.strictObject({ wait: wait.optional() })
  app.get(
    '/operations/:id',
    { config: { needs: 'viewer' }, schema: { params: operationParams, querystring } },
    async ({ params, query, raw }) => {
      const closed = new AbortController()
      raw.once('close', () => closed.abort())
      return operationAfter(db, params.id, query.wait ?? 0, AbortSignal.any([signal, closed.signal]))
    },
  )
}

async function page(db: Kysely<Database>, asked: OperationPage) {
  const { rows, next } = await listOperations(db, asked)
  return { kind: 'OperationList', metadata: { continue: next === null ? null : toContinueToken(next) }, items: rows.map(toOperation) }
}
