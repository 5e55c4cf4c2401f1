import type { EngineTarget } from '../model/action.ts'
import { RuntimeFailure } from '../model/errors.ts'
import type { ObservedContainer } from '../model/observed.ts'
import { type Addressing, engineAddress, type EngineAddress } from './address.ts'

/**
 * Where the engine of this container is asked now.
 * @throws RuntimeFailure `engine_unreachable` while it has no address on its network
 */
export type LocateEngine = (target: EngineTarget, signal: AbortSignal) => Promise<EngineAddress>

export interface LocateOptions {
  readonly addressing: () => Promise<Addressing>
  /** As Docker describes it now, or did a moment ago; null when it is gone. */
  readonly confirm: (gameId: string, containerId: string, signal: AbortSignal) => Promise<ObservedContainer | null>
}

/** From what the runtime says of the container, never from a row or a label (spec 4, "Reaching the engine"). */
export function createLocator({ addressing, confirm }: LocateOptions): LocateEngine {
  let detected: Promise<Addressing> | null = null

  /** Found out once; what could not be found out is asked again. */
  function howToReach(): Promise<Addressing> {
    detected ??= addressing().catch((error: unknown) => {
      detected = null
      throw error
    })
    return detected
  }

  return async ({ gameId, containerId, containerName, network, port }, signal) => {
    const container = await confirm(gameId, containerId, signal)
    const address = container === null ? null : engineAddress(container, network, port, await howToReach())
    if (address !== null) return address
    throw new RuntimeFailure('transient', 'engine_unreachable', `container ${containerName} has no address on network ${network}`)
  }
}
