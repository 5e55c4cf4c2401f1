import type { ObservedContainer } from '../../../src/model/observed.ts'
import type { ContainerEvent } from '../../../src/model/runtime-event.ts'
import { container, detail } from '../../support/planning.ts'

/** The daemon's clock at the beginning of each story; events and snapshots are told in milliseconds after it. */
export const START_MS = Date.UTC(2026, 0, 1)

export function event(action: string, atMs: number, over: Partial<ContainerEvent> = {}): ContainerEvent {
  return {
    kind: 'container',
    action,
    id: 'c1',
    gameId: 'g',
    name: 'galaxy-game-g',
    timeNs: BigInt(START_MS + atMs) * 1_000_000n,
    attributes: {},
    ...over,
  }
}

export function runningSince(atMs: number, over: Partial<ObservedContainer> = {}): ObservedContainer {
  return container({ detail: detail({ startedAtMs: START_MS + atMs }), ...over })
}

export function ranFrom(startedMs: number, finishedMs: number, over: Partial<ObservedContainer> = {}): ObservedContainer {
  return container({
    state: 'exited',
    addresses: {},
    detail: detail({ startedAtMs: START_MS + startedMs, finishedAtMs: START_MS + finishedMs, exitCode: 1 }),
    ...over,
  })
}

/** As a list tells it. */
export function listed(known: ObservedContainer): ObservedContainer {
  return { ...known, detail: null }
}

export const neverStarted: ObservedContainer = container({ state: 'created', addresses: {}, detail: detail({ startedAtMs: null }) })
