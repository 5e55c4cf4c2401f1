import { z } from 'zod'
import { time } from './parts.ts'

const gameUsage = z
  .object({
    game: z.string(),
    containerId: z.string(),
    cpuSeconds: z.number().describe('Seconds of one core, since the container’s start.'),
    memoryBytes: z.number(),
    memoryLimitBytes: z.number().nullable().describe('Of the machine where the container has none.'),
    pids: z.number().describe('Processes and threads.'),
    receivedBytes: z.number().describe('Over all its networks, since the container’s start.'),
    sentBytes: z.number(),
    readAt: time.describe('By Docker’s clock.'),
  })
  .meta({ id: 'GameUsage', description: 'What a game’s container has used; rates come of two of them.' })

export const usageList = z.object({ kind: z.literal('UsageList'), items: z.array(gameUsage).readonly() }).meta({ id: 'UsageList' })
