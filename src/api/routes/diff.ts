import type { Kysely } from 'kysely'
import type { Database } from '../../database/tables.ts'
import { gameDiff } from '../answers/difference.ts'
import type { ControllerView } from '../ports.ts'
import { ApiProblem } from '../problem.ts'
import { isGame } from '../reads/games.ts'
import { gameParams, noQuery } from '../requests.ts'
import type { ApiServer } from '../server.ts'

/** What of a game is otherwise than asked for, field by field; beside `/plan`, which says what is done about it. */
export function diffRoutes(app: ApiServer, { db, view }: { readonly db: Kysely<Database>; readonly view: ControllerView }): void {
  const schema = {
    operationId: 'diffGame',
    tags: ['games'],
    summary: 'What of a game is otherwise than asked for, field by field, and why',
    params: gameParams,
    querystring: noQuery,
    response: { 200: gameDiff },
    refuses: ['not_found'],
  } as const
  app.get('/games/:id/diff', { config: { needs: 'viewer' }, schema }, async ({ params }) => {
    if (!(await isGame(db, params.id))) throw new ApiProblem('not_found', `there is no game ${params.id}`)
    const compared = await view.compare(params.id)
    return { kind: 'GameDiff' as const, game: params.id, differs: compared.differences.length > 0, ...compared }
  })
}
