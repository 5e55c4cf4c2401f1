import type { EngineAddress } from '../engine/address.ts'
import type { EngineClient, PlayerAnswer, PlayerBody } from '../engine/client.ts'
import type { LocateEngine } from '../engine/locate.ts'
import { RuntimeFailure } from '../model/errors.ts'
import type { ServingEngine } from './serving-engine.ts'

/** What a player may ask of an engine (spec 4, "Engine contract"). */
export type PlayerCall =
  | { readonly kind: 'commands' | 'orders'; readonly body: PlayerBody }
  | { readonly kind: 'report'; readonly turn: number }

export interface PlayerDesk {
  /**
   * Asks the engine of a game that runs, on behalf of one of its players.
   *
   * @param actor the engine's id of the player
   * @throws RuntimeFailure `service_unavailable` or `engine_unreachable`: nothing was asked; EngineFailure where the engine brought no usable
   * answer: then a command may have taken effect
   */
  ask(gameId: string, actor: string, call: PlayerCall, signal: AbortSignal): Promise<PlayerAnswer>
}

export interface PlayerDeskOptions {
  readonly client: Pick<EngineClient, 'commands' | 'orders' | 'report'>
  readonly locate: LocateEngine
  readonly engineOf: (gameId: string) => ServingEngine
}

/** One engine's players' calls under way or waiting: those of an engine that hangs must not fill the memory. */
const CALLS_PER_GAME = 64

export function createPlayerDesk({ client, locate, engineOf }: PlayerDeskOptions): PlayerDesk {
  const underWay = new Map<string, number>()

  async function counted<T>(gameId: string, run: () => Promise<T>): Promise<T> {
    const calls = underWay.get(gameId) ?? 0
    if (calls >= CALLS_PER_GAME) throw unavailable(`game ${gameId} has ${calls} calls of players under way already`)
    underWay.set(gameId, calls + 1)
    try {
      return await run()
    } finally {
      const left = (underWay.get(gameId) ?? 1) - 1
      if (left === 0) underWay.delete(gameId)
      else underWay.set(gameId, left)
    }
  }

  function put(address: EngineAddress, actor: string, call: PlayerCall, signal: AbortSignal): Promise<PlayerAnswer> {
    switch (call.kind) {
      case 'commands':
        return client.commands(address, actor, call.body, signal)
      case 'orders':
        return client.orders(address, actor, call.body, signal)
      case 'report':
        return client.report(address, actor, call.turn, signal)
    }
  }

  return {
    ask: async (gameId, actor, call, signal) => {
      const engine = engineOf(gameId)
      if (engine.kind === 'absent') throw unavailable(`game ${gameId} ${engine.why}`)
      return counted(gameId, async () => put(await locate(engine.target, signal), actor, call, signal))
    },
  }
}

function unavailable(message: string): RuntimeFailure {
  return new RuntimeFailure('transient', 'service_unavailable', message)
}
