import { inCallSpan } from '../tracing/spans.ts'
import type { EngineClient } from './client.ts'
import { EngineFailure, type FailureKind } from './failure.ts'

export type EngineCall = 'init' | 'status' | 'turn' | 'commands' | 'orders' | 'report'

/** Told of every call when it has ended, for metrics. Must not throw. */
export type EngineCallObserver = (call: EngineCall, outcome: 'ok' | FailureKind, tookMs: number) => void

/** The same client, of which every call is told and is a span of whatever asked for it. */
export function observedClient(client: EngineClient, onCall: EngineCallObserver | undefined): EngineClient {
  async function observed<T>(call: EngineCall, work: () => Promise<T>): Promise<T> {
    const startedMs = performance.now()
    const told = (outcome: 'ok' | FailureKind): void => onCall?.(call, outcome, performance.now() - startedMs)
    try {
      const answer = await inCallSpan(`engine ${call}`, {}, work)
      told('ok')
      return answer
    } catch (error) {
      told(error instanceof EngineFailure ? error.kind : 'unanswered')
      throw error
    }
  }

  return {
    init: (...asked) => observed('init', () => client.init(...asked)),
    status: (...asked) => observed('status', () => client.status(...asked)),
    turn: (...asked) => observed('turn', () => client.turn(...asked)),
    commands: (...asked) => observed('commands', () => client.commands(...asked)),
    orders: (...asked) => observed('orders', () => client.orders(...asked)),
    report: (...asked) => observed('report', () => client.report(...asked)),
    close: () => client.close(),
  }
}
