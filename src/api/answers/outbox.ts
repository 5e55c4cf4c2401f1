import { z } from 'zod'
import { OUTBOX_STATES } from '../reads/outbox.ts'
import { listOf, time } from './parts.ts'

const outboxEvent = z
  .object({
    id: z.int(),
    eventId: z.string().describe('What the receiver sees as `id` and `Galaxy-Event-Id`.'),
    game: z.string(),
    type: z.string(),
    state: z.enum(OUTBOX_STATES),
    attempts: z.int(),
    createdAt: time,
    nextAttemptAt: time.nullable(),
    deliveredAt: time.nullable(),
    deadAt: time.nullable(),
    lastError: z.string().nullable(),
    payload: z.unknown(),
  })
  .meta({ id: 'OutboxEvent', description: 'What is told to the outside.' })

export const outboxEventList = listOf('OutboxEventList', outboxEvent).meta({ id: 'OutboxEventList' })

export const replayedEvent = outboxEvent.extend({ kind: z.literal('OutboxEvent'), dryRun: z.boolean() }).meta({ id: 'ReplayedEvent' })

export const replay = z
  .object({
    kind: z.literal('ReplayResult'),
    dryRun: z.boolean(),
    replayed: z.int().describe('How many events are sent again, or would be.'),
  })
  .meta({ id: 'ReplayResult' })
