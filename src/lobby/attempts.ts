import { LobbyError } from './errors.ts'

const MAX_ATTEMPTS = 5

/**
 * A write that did not happen is explained by reading the row afterwards. Null means that the row has changed in
 * between, so that the explanation no longer holds: the write is tried anew.
 *
 * @throws LobbyError `service_unavailable` when others keep changing the row
 */
export async function untilExplained<Answer>(gameId: string, attempt: () => Promise<Answer | null>): Promise<Answer> {
  for (let attempts = 0; attempts < MAX_ATTEMPTS; attempts += 1) {
    const answer = await attempt()
    if (answer !== null) return answer
  }
  throw new LobbyError('service_unavailable', gameId, `game ${gameId} was changed by others each of ${MAX_ATTEMPTS} times; try again`)
}
