import type { Deployment } from './deployment.ts'
import { until } from './until.ts'

export interface ToldCondition {
  readonly reason: string
  readonly message: string
}

/** Waits until the game has a condition of this type and, if told, this reason. */
export async function untilCondition(
  { query }: Pick<Deployment, 'query'>,
  gameId: string,
  type: string,
  reason?: string,
): Promise<ToldCondition> {
  const read = () =>
    query<{ reason: string; message: string }>(
      "SELECT c ->> 'reason' AS reason, c ->> 'message' AS message FROM game_status, jsonb_array_elements(conditions) c WHERE game_id = $1 AND c ->> 'type' = $2",
      [gameId, type],
    )
  const [found] = await until(
    read,
    ([told]) => told !== undefined && (reason === undefined || told.reason === reason),
    `condition ${type} ${reason ?? ''} of ${gameId}`,
  )
  if (found === undefined) throw new Error(`game ${gameId} has no condition ${type}`)
  return found
}
