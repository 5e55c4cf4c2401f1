import { describe, expect, it } from 'vitest'
import type { PlanInput } from '../../../src/controller/plan/input.ts'
import { planGame } from '../../../src/controller/plan/plan-game.ts'
import { container, desired, engineState, exited, input, NOW_MS, operation, record } from '../../support/planning.ts'
import { told, wakesIn } from './told-plan.ts'

const HOUR_MS = 3_600_000
const finished = (over: Parameters<typeof record>[0] = {}) =>
  record({
    status: 'finished',
    currentTurn: 9,
    finishedAt: new Date(NOW_MS - 1_000),
    finishedGeneration: 1,
    lastOpAt: new Date(NOW_MS - 1_000),
    ...over,
  })
const long = finished({ lastOpAt: new Date(NOW_MS - HOUR_MS) })
const over = { engine: { kind: 'state', state: engineState({ turn: 9, finished: true }) } } as const
const newer = { desired: desired({ generation: 2 }) }
const restarted = { desired: desired({ generation: 2, restartToken: 'again' }) }
const CLEANUP = `g: reconcile/cleanup: finished for longer than the cleanup time
  stop_container galaxy-game-g (c1): finished for longer than the cleanup time
  remove_container galaxy-game-g (c1): finished for longer than the cleanup time`
const GONE = 'g: settled: its game ended with turn 9; its container is not needed any more'

const TABLE: readonly (readonly [situation: string, given: PlanInput, plan: string])[] = [
  [
    'the engine calls it finished',
    input({ ...over, record: record({ currentTurn: 9 }) }),
    'g: settled: galaxy-game-g runs and matches\n  record running',
  ],
  ['its container serves on until the cleanup time', input({ record: finished() }), 'g: settled: its game ended with turn 9'],
  ['a container that crashes is not started again', input({ record: finished(), containers: [exited()] }), GONE],
  ['a container that is gone is not made again', input({ record: finished(), containers: [] }), GONE],
  ['the cleanup time has passed', input({ record: long }), CLEANUP],
  [
    'the cleanup time has passed, and its container has exited',
    input({ record: long, containers: [exited()] }),
    `g: reconcile/cleanup: finished for longer than the cleanup time
  remove_container galaxy-game-g (c1): finished for longer than the cleanup time`,
  ],
  [
    'the cleanup time is none',
    input({ record: finished({ lastOpAt: new Date(NOW_MS) }), policy: { ...input().policy, cleanupTtlMs: 0 } }),
    CLEANUP,
  ],
  [
    'the controller went down in the cleanup, before the removal',
    input({ record: long, containers: [exited()], openOperation: operation({ op: 'reconcile', detail: 'cleanup' }) }),
    `g: continue: finished for longer than the cleanup time
  remove_container galaxy-game-g (c1): finished for longer than the cleanup time`,
  ],
  [
    'the controller went down in the cleanup, after the removal',
    input({ record: long, containers: [], openOperation: operation({ op: 'reconcile', detail: 'cleanup' }) }),
    'g: continue: finished for longer than the cleanup time',
  ],
  [
    'somebody has paused the container that is to go',
    input({ record: long, containers: [container({ state: 'paused' })] }),
    'g: blocked: container galaxy-game-g was paused by hand; unpause it to let the controller go on',
  ],
  [
    'the removal has failed, and is tried again later',
    input({
      record: long,
      status: {
        ...input().status,
        backoff: {
          kind: 'StartBackOff',
          failures: 1,
          notBeforeMs: NOW_MS + 1_000,
          delayMs: 1_000,
          message: 'device is busy',
          operationId: 'o',
          countedAtMs: NOW_MS,
          wish: 'wish',
        },
      },
    }),
    'g: wait: device is busy; next attempt at 2026-01-01T12:00:01.000Z',
  ],
  [
    'a new generation: its container serves, and its engine still calls it finished',
    input({ ...over, ...newer, record: long }),
    'g: settled: galaxy-game-g runs and matches\n  record running',
  ],
  [
    'that generation is recorded',
    input({ ...over, ...newer, record: finished({ finishedGeneration: 2 }) }),
    'g: settled: its game ended with turn 9',
  ],
  [
    'a restart token',
    input({ ...over, ...restarted, record: finished({ finishedGeneration: 2 }) }),
    `g: restart: a new restart token asks for a fresh container
  create_container {successor}: the successor is made ready while the old container still runs
  stop_container galaxy-game-g (c1): a new restart token asks for a fresh container
  remove_container galaxy-game-g (c1): a new restart token asks for a fresh container
  rename_container the new container: the successor takes the canonical name
  start_container the new container: a new restart token asks for a fresh container
  record starting`,
  ],
  [
    'to be stopped',
    input({ record: long, desired: desired({ state: 'stopped', stopReason: 'finished', generation: 2 }) }),
    `g: stop: desired stopped (finished)
  stop_container galaxy-game-g (c1): desired stopped (finished)
  record stopped`,
  ],
  [
    'deleted',
    input({ record: long, desired: desired({ deletedAt: new Date(NOW_MS) }) }),
    `g: stop/delete: its row was deleted
  stop_container galaxy-game-g (c1): the game is deleted
  remove_container galaxy-game-g (c1): the game is deleted
  record removed`,
  ],
]

describe('a finished game', () => {
  it.each(TABLE)('%s', (_situation, given, plan) => {
    expect(told(planGame(given))).toBe(plan)
  })

  it('wakes for its cleanup, and for nothing after that', () => {
    expect(wakesIn(planGame(input({ record: finished() })))).toBe(3_599)
    expect(wakesIn(planGame(input({ record: finished(), containers: [] })))).toBeNull()
  })

  it('is ready while it can be looked at', () => {
    const ready = (given: PlanInput) => planGame(given).conditions.find(({ type }) => type === 'Ready')
    expect(ready(input({ record: finished() }))).toMatchObject({ status: 'True', reason: 'Finished' })
    expect(ready(input({ record: finished(), containers: [] }))).toMatchObject({ status: 'False', reason: 'Finished' })
    expect(ready(input({ ...over, record: record({ currentTurn: 9 }) }))).toMatchObject({ status: 'True', reason: 'Finished' })
  })
})
