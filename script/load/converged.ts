import Docker from 'dockerode'
import { isDeepStrictEqual } from 'node:util'
import { LABEL } from '../../src/model/labels.ts'
import { until } from '../../test/support/until.ts'
import type { Fleet } from './fleet.ts'
import { imageOf, type LoadSetting } from './setting.ts'

/** Waits until the rows are carried out, as the database tells and as the containers are. @returns after how many milliseconds both agreed */
export async function untilConverged(setting: LoadSetting, fleet: Fleet, timeoutMs: number): Promise<number> {
  const startedMs = performance.now()
  await until(
    () => openRows(setting, fleet),
    (open) => open.length === 0,
    'the database calls every game carried out',
    timeoutMs,
  )
  await until(
    () => strayContainers(setting, fleet),
    (stray) => stray.length === 0,
    'the containers are those that the rows ask for',
    Math.max(timeoutMs - (performance.now() - startedMs), 1),
  )
  return performance.now() - startedMs
}

const SHOWN = 5

/** Games that are not carried out, or not ended, and what is known of them; some of them. */
async function openRows({ database, signal }: LoadSetting, { games }: Fleet): Promise<readonly unknown[]> {
  signal.throwIfAborted()
  const { rows } = await database.pool.query<Record<string, unknown>>(
    `WITH concerned AS (SELECT unnest($1::text[]) AS game_id UNION SELECT game_id FROM desired_games
                         UNION SELECT game_id FROM operation_log WHERE finished_at IS NULL)
     SELECT concerned.game_id, asked.status AS asked, r.status AS found, d.generation, s.observed_generation, d.deleted_at, s.conditions, s.backoff,
            (SELECT json_agg(json_build_object('op', op, 'detail', op_detail, 'status', status, 'cause', cause, 'error', error_message) ORDER BY operation_id)
               FROM (SELECT * FROM operation_log l WHERE l.game_id = concerned.game_id ORDER BY operation_id DESC LIMIT 4) last) AS last_operations
       FROM concerned LEFT JOIN desired_games d USING (game_id)
       LEFT JOIN unnest($1::text[], $2::text[]) AS asked (game_id, status) USING (game_id)
       LEFT JOIN game_status s USING (game_id)
       LEFT JOIN runtime_records r ON r.game_id = concerned.game_id AND r.removed_at IS NULL
      WHERE d.deleted_at IS NOT NULL OR s.observed_generation IS DISTINCT FROM d.generation OR r.status IS DISTINCT FROM asked.status
         OR EXISTS (SELECT FROM operation_log l WHERE l.game_id = concerned.game_id AND l.finished_at IS NULL)
      LIMIT $3`,
    [games.map(({ gameId }) => gameId), games.map(({ isRunning }) => (isRunning ? 'running' : 'stopped')), SHOWN],
  )
  return rows
}

/** What the simulator shows on its control socket that is not as asked for; some of it. */
async function strayContainers({ simulator, instance, signal }: LoadSetting, { games }: Fleet): Promise<readonly unknown[]> {
  signal.throwIfAborted()
  const docker = new Docker({ socketPath: simulator.controlPath })
  const containers = await docker.listContainers({ all: true, filters: { label: [`${LABEL.instance}=${instance}`] } })
  const running = containers.filter(({ State }) => State === 'running')
  const asked = new Map(games.map((game) => [game.gameId, game]))
  const strays: unknown[] = containers.filter(({ Labels }) => !asked.has(Labels[LABEL.gameId] ?? '')).map(({ Names }) => Names)
  const seen = Map.groupBy(running, ({ Labels }) => Labels[LABEL.gameId] ?? '')
  for (const { gameId, isRunning, version, cpus } of games) {
    if (strays.length >= SHOWN) break
    const found = await Promise.all((seen.get(gameId) ?? []).map(({ Id }) => runningAs(docker, Id))) // at most one, or a stray
    if (!isDeepStrictEqual(found, isRunning ? [{ image: imageOf(version), cpus }] : []))
      strays.push({ gameId, isRunning, version, cpus, found })
  }
  return strays
}

async function runningAs(docker: Docker, id: string): Promise<{ readonly image: string; readonly cpus: number }> {
  const { Config, HostConfig } = await docker.getContainer(id).inspect()
  return { image: Config.Image, cpus: (HostConfig.NanoCpus ?? 0) / 1e9 }
}
