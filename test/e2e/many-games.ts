import { expect } from 'vitest'
import { LABEL } from '../../src/model/labels.ts'
import { type Deployment, idleImage } from '../support/deployment.ts'
import type { DockerHistory } from '../support/docker-history.ts'
import { until } from '../support/until.ts'

/** Games that are started and patched all at once, so that something can happen in the middle of it. */
export interface ManyGames {
  readonly count: number
  /** Asks for all of them, in version 1.0.0. */
  start(): Promise<void>
  patch(version: string): Promise<void>
  /** Waits until Docker has told of this action so often, since the recording began. */
  untilTold(action: string, times: number): Promise<void>
  /** Waits until all run this version and nothing is under way. */
  allRun(version: string): Promise<void>
  /** At every moment one container at most, in the end one of each game, and one operation for each change. */
  everythingOnce(): Promise<void>
}

export function manyGames(count: number, deployment: Deployment, history: DockerHistory): ManyGames {
  const { query } = deployment
  const ids = Array.from({ length: count }, (_, index) => `game-${index}`)
  return {
    count,
    start: async () => {
      await query('INSERT INTO desired_games (game_id, image_ref) SELECT unnest($1::text[]), $2', [ids, idleImage('1.0.0')])
    },
    patch: async (version) => {
      await query('UPDATE desired_games SET image_ref = $1', [idleImage(version)])
    },
    untilTold: async (action, times) => {
      await until(
        () => history.count(action),
        (told) => told >= times,
        `Docker tells of ${action} ${times} times`,
      )
    },
    allRun: async (version) => {
      const ready = () => query("SELECT FROM games WHERE ready = 'True' AND current_image_ref = $1", [idleImage(version)])
      await until(ready, (rows) => rows.length === count, `all games run ${version}`, 60_000)
      await until(
        () => query("SELECT FROM operation_log WHERE status = 'running'"),
        (open) => open.length === 0,
        'no operation is open',
      )
    },
    everythingOnce: async () => {
      expect(history.mostAtOnce()).toBe(1)
      expect((await deployment.containers()).map((container) => container.Labels[LABEL.gameId] ?? '').sort()).toEqual(ids.toSorted())
      expect(await query(REPEATED)).toEqual([])
      expect(await query(UNEXPECTED)).toEqual([])
      expect(await query('SELECT FROM operation_actions WHERE outcome IS NULL')).toEqual([])
    },
  }
}

const REPEATED = `SELECT game_id, op, count(*)::int FROM operation_log
  WHERE status = 'succeeded' GROUP BY game_id, op, op_detail HAVING count(*) > 1`

const UNEXPECTED = `SELECT game_id, op, op_detail, error_message FROM operation_log
  WHERE op NOT IN ('start', 'patch') OR status = 'failed'`
