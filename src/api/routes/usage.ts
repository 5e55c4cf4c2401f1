import { z } from 'zod'
import type { GameUsage } from '../../model/usage.ts'
import type { ControllerView } from '../ports.ts'
import { noQuery } from '../requests.ts'
import type { ApiServer } from '../server.ts'

const gameUsage = z.strictObject({
  game: z.string(),
  containerId: z.string(),
  cpuSeconds: z.number().describe('Seconds of one core, since the container’s start.'),
  memoryBytes: z.number(),
  memoryLimitBytes: z.number().nullable(),
  pids: z.number(),
  receivedBytes: z.number(),
  sentBytes: z.number(),
  readAt: z.date(),
})

const usageAnswer = z.strictObject({ kind: z.literal('UsageList'), items: z.array(gameUsage).readonly() })

export type UsageAnswer = z.output<typeof usageAnswer>

/** `GET /usage`: what the containers of games have used so far. However many ask at once, Docker is asked once. */
export function usageRoutes(app: ApiServer, view: ControllerView): void {
  let asked: Promise<readonly GameUsage[]> | null = null
  const ask = () =>
    (asked ??= view.usage().finally(() => {
      asked = null
    }))
  const schema = { querystring: noQuery, response: { 200: usageAnswer } }
  app.get('/usage', { config: { needs: 'viewer' }, schema }, async (): Promise<UsageAnswer> => ({ kind: 'UsageList', items: await ask() }))
}
