import { until } from '../../test/support/until.ts'
import type { ContainerEvent } from './container-events.ts'
import { type Setting, VERSIONS } from './setting.ts'

/** The controller's side: rows are written, and Docker's events tell what came of them. */

/** Writes all rows in one statement; the time until the last one's start was seen, in milliseconds. */
export async function convergeDriven(setting: Setting, gameIds: readonly string[]): Promise<number> {
  const starting = setting.events.collect(gameIds.length, isOf(setting, 'start', gameIds))
  const beganMs = performance.now()
  await setting.database.pool.query('INSERT INTO desired_games (game_id, engine_version) SELECT unnest($1::text[]), $2', [
    gameIds,
    VERSIONS[0],
  ])
  const last = (await starting).at(-1)
  return (last?.seenMs ?? Number.NaN) - beganMs
}

/** From a kill's die event to the start event that follows, by Docker's clock. */
export async function restartDriven(setting: Setting, gameId: string): Promise<number> {
  const { events, docker } = setting
  const died = events.next(isOf(setting, 'die', [gameId]))
  const started = events.next(isOf(setting, 'start', [gameId]))
  await docker.getContainer(containerName(setting, gameId)).kill()
  return between(await died, await started)
}

/** From the old container's die event to its successor's start event, by Docker's clock. */
export async function patchDriven(setting: Setting, gameId: string): Promise<number> {
  const { events, database } = setting
  const died = events.next(isOf(setting, 'die', [gameId]))
  const started = events.next(isOf(setting, 'start', [gameId]))
  await database.pool.query('UPDATE desired_games SET engine_version = $2 WHERE game_id = $1', [gameId, VERSIONS[1]])
  return between(await died, await started)
}

/** Waits until these games run and the controller has nothing left to write about them. */
export async function settled({ database, signal }: Setting, gameIds: readonly string[]): Promise<void> {
  const unsettled = async (): Promise<number> => {
    signal.throwIfAborted()
    const { rows } = await database.pool.query<{ count: number }>(
      `SELECT count(*)::integer AS count FROM unnest($1::text[]) AS game_id
        WHERE NOT EXISTS (SELECT FROM runtime_records r WHERE r.game_id = game_id AND r.status = 'running')
           OR EXISTS (SELECT FROM operation_log o WHERE o.game_id = game_id AND o.status IN ('queued', 'running'))`,
      [gameIds],
    )
    return rows[0]?.count ?? -1
  }
  await until(unsettled, (count) => count === 0, 'all games have settled', 60_000)
}

/** Deletes the games and waits until nothing is left of them. */
export async function removeDriven({ database, signal }: Setting, gameIds: readonly string[]): Promise<void> {
  await database.pool.query('UPDATE desired_games SET deleted_at = now(), purge_state = true WHERE game_id = ANY($1)', [gameIds])
  const left = async (): Promise<number> => {
    signal.throwIfAborted()
    const { rows } = await database.pool.query<{ count: number }>(
      'SELECT count(*)::integer AS count FROM desired_games WHERE game_id = ANY($1)',
      [gameIds],
    )
    return rows[0]?.count ?? -1
  }
  await until(left, (count) => count === 0, 'all games have been removed', 120_000)
}

function containerName({ config }: Setting, gameId: string): string {
  return `${config.instance}.galaxy-game-${gameId}`
}

function isOf({ config }: Setting, action: string, gameIds: readonly string[]): (event: ContainerEvent) => boolean {
  const wanted = new Set(gameIds)
  return (event) => event.action === action && event.instance === config.instance && wanted.has(event.gameId)
}

/** Milliseconds between two events of one daemon. */
export function between(from: ContainerEvent, to: ContainerEvent): number {
  return to.atMs - from.atMs
}
