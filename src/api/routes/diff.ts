import type { Kysely } from 'kysely'
import { z } from 'zod'
import type { Database } from '../../database/tables.ts'
import type { ControllerView } from '../ports.ts'
import { ApiProblem } from '../problem.ts'
import { isGame } from '../reads/games.ts'
import { gameParams, noQuery } from '../requests.ts'
import type { ApiServer } from '../server.ts'

const difference = z
  .strictObject({
    side: z.enum(['desired', 'accepted']).describe('Who is not met: the row as written, or what passed admission and is in force.'),
    field: z.string().describe('In the manifest’s words where it has one.'),
    wanted: z.unknown(),
    found: z.unknown(),
    why: z.string(),
  })
  .describe('One thing about a game that is otherwise than it should be.')

const diffAnswer = z.strictObject({
  kind: z.literal('GameDiff'),
  game: z.string(),
  differs: z.boolean(),
  differences: z.array(difference).readonly(),
  notes: z.array(z.string()).readonly().describe('What explains that nothing differs, or is worth knowing beside it.'),
  reason: z.string().describe('Why the plan is what it is.'),
  plan: z.strictObject({ text: z.string(), actions: z.int() }),
})

export type GameDiffAnswer = z.output<typeof diffAnswer>

/** What of a game is otherwise than asked for, field by field; beside `/plan`, which says what is done about it. */
export function diffRoutes(app: ApiServer, { db, view }: { readonly db: Kysely<Database>; readonly view: ControllerView }): void {
  const schema = { params: gameParams, querystring: noQuery, response: { 200: diffAnswer } }
  app.get('/games/:id/diff', { config: { needs: 'viewer' }, schema }, async ({ params }): Promise<GameDiffAnswer> => {
    if (!(await isGame(db, params.id))) throw new ApiProblem('not_found', `there is no game ${params.id}`)
    const compared = await view.compare(params.id)
    return { kind: 'GameDiff', game: params.id, differs: compared.differences.length > 0, ...compared }
  })
}
