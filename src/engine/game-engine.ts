import type { Engine } from '../controller/ports.ts'
import type { EngineTarget } from '../model/action.ts'
import { RuntimeFailure } from '../model/errors.ts'
import type { ObservedContainer } from '../model/observed.ts'
import { type Addressing, engineAddress, type EngineAddress } from './address.ts'
import type { EngineClient } from './client.ts'
import { EngineFailure } from './failure.ts'

export interface GameEngineOptions {
  readonly client: EngineClient
  readonly addressing: () => Promise<Addressing>
  /** As last observed; null when it is gone. */
  readonly containerOf: (gameId: string, containerId: string) => ObservedContainer | null
}

/** The loop's engine: the contract's client, at the address that the runtime gives the container (spec 4, "Reaching the engine"). */
export function createGameEngine({ client, addressing, containerOf }: GameEngineOptions): Engine {
  let detected: Promise<Addressing> | null = null

  /** Found out once; what could not be found out is asked again. */
  function howToReach(): Promise<Addressing> {
    detected ??= addressing().catch((error: unknown) => {
      detected = null
      throw error
    })
    return detected
  }

  async function addressOf({ gameId, containerId, containerName, network, port }: EngineTarget): Promise<EngineAddress> {
    const container = containerOf(gameId, containerId)
    const address = container === null ? null : engineAddress(container, network, port, await howToReach())
    if (address === null) throw failure('engine_unreachable', `container ${containerName} has no address on network ${network}`)
    return address
  }

  async function call<T>(target: EngineTarget, signal: AbortSignal, ask: (address: EngineAddress) => Promise<T>): Promise<T> {
    try {
      return await ask(await addressOf(target))
    } catch (error) {
      signal.throwIfAborted()
      if (!(error instanceof EngineFailure)) throw error
      throw failure(error.kind === 'unanswered' ? 'service_unavailable' : 'engine_unreachable', error.message)
    }
  }

  return {
    init: (target, races, signal) => call(target, signal, (address) => client.init(address, races, signal)),
    turn: (target, turn, key, signal) => call(target, signal, (address) => client.turn(address, turn, key, signal)),
    status: (target, signal) =>
      call(target, signal, async (address) => {
        try {
          return await client.status(address, signal)
        } catch (error) {
          // An engine without a game has no state to tell, and nothing else to refuse.
          if (error instanceof EngineFailure && error.kind === 'refused' && error.status === 409) return null
          throw error
        }
      }),
  }
}

function failure(code: 'service_unavailable' | 'engine_unreachable', message: string): RuntimeFailure {
  return new RuntimeFailure('transient', code, message)
}
