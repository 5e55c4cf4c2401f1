import { z } from 'zod'
import { plan } from './parts.ts'

const difference = z
  .object({
    side: z.enum(['desired', 'accepted']).describe('Who is not met: the row as written, or what passed admission and is in force.'),
    field: z.string().describe('In the manifest’s words where it has one.'),
    wanted: z.unknown(),
    found: z.unknown(),
    why: z.string(),
  })
  .meta({ id: 'Difference', description: 'One thing about a game that is otherwise than it should be.' })

export const gameDiff = z
  .object({
    kind: z.literal('GameDiff'),
    game: z.string(),
    differs: z.boolean(),
    differences: z.array(difference).readonly(),
    notes: z.array(z.string()).readonly().describe('What explains that nothing differs, or is worth knowing beside it.'),
    reason: z.string().describe('Why the plan is what it is.'),
    plan,
  })
  .meta({ id: 'GameDiff' })
