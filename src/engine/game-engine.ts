import type { Engine } from '../controller/ports.ts'
import type { EngineTarget } from '../model/action.ts'
import { RuntimeFailure } from '../model/errors.ts'
import type { EngineAddress } from './address.ts'
import type { EngineClient } from './client.ts'
import { EngineFailure } from './failure.ts'
import type { LocateEngine } from './locate.ts'

/** The loop's engine: the contract's client, at the address that the runtime gives the container (spec 4, "Reaching the engine"). */
export function createGameEngine(client: EngineClient, locate: LocateEngine): Engine {
  async function call<T>(target: EngineTarget, signal: AbortSignal, ask: (address: EngineAddress) => Promise<T>): Promise<T> {
    try {
      return await ask(await locate(target, signal))
    } catch (error) {
      signal.throwIfAborted()
      if (!(error instanceof EngineFailure)) throw error
      const code = error.kind === 'unanswered' ? 'service_unavailable' : 'engine_unreachable'
      throw new RuntimeFailure('transient', code, error.message)
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
