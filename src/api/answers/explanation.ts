import { z } from 'zod'
import { HEALTH_EVENT_TYPES } from '../../record/game-write.ts'
import { condition } from './game.ts'
import { action, operation } from './operation.ts'
import { time, word } from './parts.ts'

const change = z
  .object({
    kind: z.literal('change'),
    at: time,
    generation: z.int(),
    isNew: z.boolean(),
    writtenBy: z.string(),
    writtenRef: z.string().nullable(),
    fields: z
      .array(z.object({ field: z.string(), from: z.unknown(), to: z.unknown() }))
      .readonly()
      .describe('Of the row; `from` is null where there was nothing.'),
  })
  .meta({ id: 'ChangeHappening', description: 'Somebody wrote the desired row.' })

const done = z
  .object({
    kind: z.literal('operation'),
    at: time,
    operation,
    actions: z.array(action).readonly(),
    askedAt: time.nullable().describe('When the change behind it was written; null where nobody asked, as for a crash.'),
  })
  .meta({ id: 'OperationHappening', description: 'The controller did something.' })

const event = z
  .object({ kind: z.literal('event'), at: time, type: word(HEALTH_EVENT_TYPES), containerId: z.string().nullable(), detail: z.unknown() })
  .meta({ id: 'EventHappening', description: 'Something was seen of the container or its engine.' })

const now = z.object({
  generation: z.int().nullable(),
  ready: z.enum(['True', 'False', 'Unknown']),
  conditions: z.array(condition).readonly(),
})

export const explanation = z
  .object({
    kind: z.literal('Explanation'),
    metadata: z.object({ name: z.string() }),
    now: now.nullable().describe('How it stands; null for a game that nobody knows any more.'),
    happenings: z
      .array(z.discriminatedUnion('kind', [change, done, event]))
      .readonly()
      .describe('Oldest first.'),
  })
  .meta({ id: 'Explanation', description: 'The chain of cause: what happened to a game, and why.' })
