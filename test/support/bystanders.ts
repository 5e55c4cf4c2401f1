import { expect } from 'vitest'
import type { Deployment } from './deployment.ts'
import type { LoggedController } from './logged-controller.ts'
import type { PlayedGames } from './played-games.ts'
import { until } from './until.ts'

/** Games of a healthy engine with a turn each second, beside those that are in trouble. */
export interface Bystanders {
  /** Since the last time this was asked, none of them lost a turn or got one late, and nothing happened that nobody foresaw. */
  expectUndisturbed(): Promise<void>
}

const IDS = ['well-1', 'well-2']
const LATEST_S = 1

export async function startBystanders({ query }: Deployment, games: PlayedGames, controller: LoggedController): Promise<Bystanders> {
  const now = async (): Promise<Date> => (await query<{ now: Date }>('SELECT clock_timestamp() AS now'))[0]?.now ?? new Date()
  for (const gameId of IDS) await games.want(gameId, { engine: 'reference', schedule: '* * * * * *' })
  for (const gameId of IDS) {
    await until(
      () => games.turns(gameId),
      (turns) => turns.length > 0,
      `${gameId} has turns`,
    )
  }
  let since = await now()
  return {
    expectUndisturbed: async () => {
      const [seen] = await query<{ latency: number | null; lost: number }>(
        `SELECT max(extract(epoch FROM started_at - scheduled_at))::float8 AS latency,
                count(*) FILTER (WHERE status NOT IN ('succeeded', 'in_progress'))::int AS lost
           FROM turns WHERE game_id = ANY($1) AND scheduled_at > $2`,
        [IDS, since],
      )
      expect(seen?.latency ?? 0).toBeLessThan(LATEST_S)
      expect(seen?.lost).toBe(0)
      expect(controller.logged('pass threw')).toEqual([])
      expect(controller.logged('do not come to rest')).toEqual([])
      since = await now()
    },
  }
}
