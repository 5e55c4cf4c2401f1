import type { GameUsage } from '../../model/usage.ts'
import { usageList } from '../answers/usage.ts'
import type { ControllerView } from '../ports.ts'
import { noQuery } from '../requests.ts'
import type { ApiServer } from '../server.ts'

/** `GET /usage`: what the containers of games have used so far. However many ask at once, Docker is asked once. */
export function usageRoutes(app: ApiServer, view: ControllerView): void {
  let asked: Promise<readonly GameUsage[]> | null = null
  const ask = () =>
    (asked ??= view.usage().finally(() => {
      asked = null
    }))
  const schema = {
    operationId: 'listUsage',
    tags: ['games'],
    summary: 'What the containers of games have used so far',
    querystring: noQuery,
    response: { 200: usageList },
  } as const
  app.get('/usage', { config: { needs: 'viewer' }, schema }, async () => ({ kind: 'UsageList' as const, items: await ask() }))
}
