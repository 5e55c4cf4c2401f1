import { describe, expect, it } from 'vitest'
import type { PlanInput } from '../../../src/controller/plan/input.ts'
import { planGame } from '../../../src/controller/plan/plan-game.ts'
import { earliest, judgeTicks } from '../../../src/controller/plan/ticks.ts'
import { container, desired, exited, input, NOW_MS, operation, record } from '../../support/planning.ts'
import { told, wakesIn } from './told-plan.ts'

const due = (...secondsAgo: readonly number[]) => ({ ticks: { due: secondsAgo.map((s) => NOW_MS - s * 1_000), nextMs: NOW_MS + 5_000 } })
const paused = { desired: desired({ paused: true }), record: record({ paused: true }) }
const downUntil = (secondsAgo: number) => ({ activeSinceMs: NOW_MS - secondsAgo * 1_000 })
const catchUp = { policy: { ...input().policy, catchUp: 'one' } } as const
const skipsNext = { record: record({ skipNextTick: true }) }
const computing = (fromS: number, toS: number) => ({ lastTurn: { fromMs: NOW_MS - fromS * 1_000, toMs: NOW_MS - toS * 1_000 } })

/** Due ticks, by how many seconds ago they came due → what becomes of each. */
const JUDGED: readonly (readonly [situation: string, given: PlanInput, verdict: readonly string[]])[] = [
  ['none', input(due()), []],
  ['one', input(due(0)), ['0 runs']],
  ['several: the last is run', input(due(2, 1, 0)), ['-2 in_progress', '-1 in_progress', '0 runs']],
  ['paused', input({ ...due(1, 0), ...paused }), ['-1 paused', '0 paused']],
  ['missed while no controller was there', input({ ...due(9, 8), ...downUntil(5) }), ['-9 missed_while_down', '-8 missed_while_down']],
  ['missed, and one to make up for them', input({ ...due(9, 8), ...downUntil(5), ...catchUp }), ['-9 missed_while_down', '-8 runs']],
  [
    'missed, and one that came since: it makes up for them',
    input({ ...due(9, 8, 1), ...downUntil(5), ...catchUp }),
    ['-9 missed_while_down', '-8 missed_while_down', '-1 runs'],
  ],
  ['missed, and one that came since', input({ ...due(9, 1), ...downUntil(5) }), ['-9 missed_while_down', '-1 runs']],
  ['missed while paused, to be made up for', input({ ...due(9), ...downUntil(5), ...catchUp, ...paused }), ['-9 paused']],
  ['came due while a turn was computed', input({ ...due(2), ...computing(3, 1) }), ['-2 in_progress']],
  ['came due as that turn began', input({ ...due(3), ...computing(3, 1) }), ['-3 runs']],
  ['came due as that turn ended', input({ ...due(1), ...computing(3, 1) }), ['-1 in_progress']],
  ['after a forced turn', input({ ...due(0), ...skipsNext }), ['0 skip_next_tick']],
  ['after a forced turn, two of them', input({ ...due(1, 0), ...skipsNext }), ['-1 skip_next_tick', '0 runs']],
  ['after a forced turn, missed', input({ ...due(9, 8), ...skipsNext, ...downUntil(5), ...catchUp }), ['-9 skip_next_tick', '-8 runs']],
]

describe('ticks of a game that serves', () => {
  it.each(JUDGED)('%s', (_situation, given, verdict) => {
    const { skips, run } = judgeTicks(given)
    const lines = [...skips.map(({ atMs, reason }) => [atMs, reason] as const), ...(run === null ? [] : [[run, 'runs'] as const])]
    expect(lines.map(([atMs, what]) => `${(atMs - NOW_MS) / 1_000} ${what}`)).toEqual(verdict)
    expect(skips.length + (run === null ? 0 : 1)).toBe(given.ticks.due.length)
  })
})

const crashing = {
  containers: [exited({ startedAtMs: NOW_MS - 500 })],
  status: {
    ...input().status,
    backoff: {
      kind: 'CrashLoopBackOff',
      failures: 1,
      notBeforeMs: 0,
      delayMs: 60_000,
      message: '',
      operationId: 'o',
      countedAtMs: NOW_MS,
      wish: 'wish',
    },
  },
} as const
const failing = { health: { kind: 'failing', containerId: 'c1', failures: 3, message: 'refused' } } as const
const unreachable = { ...failing, record: record({ status: 'engine_unreachable' }) } as const
const probed = { health: { kind: 'pending', sinceMs: NOW_MS } } as const

/** Why a game does not serve → what the ledger says of its tick. */
const RESTING: readonly (readonly [situation: string, given: PlanInput, ledger: readonly string[]])[] = [
  ['its engine does not answer', input({ ...due(0), ...unreachable }), ['0 not_running']],
  ['its container crashes again and again', input({ ...due(1, 0), ...crashing }), ['-1 not_running', '0 not_running']],
  ['it was paused by hand', input({ ...due(0), containers: [container({ state: 'paused' })] }), ['0 not_running']],
  ['its turns are paused as well', input({ ...due(0), ...unreachable, desired: desired({ paused: true }) }), ['0 paused']],
  ['nobody was there', input({ ...due(9), ...unreachable, ...downUntil(5) }), ['-9 missed_while_down']],
  [
    'a forced turn took the place of the next tick',
    input({ ...due(1, 0), ...unreachable, record: record({ status: 'engine_unreachable', skipNextTick: true }) }),
    ['-1 skip_next_tick', '0 not_running'],
  ],
  [
    'it served, and is only probed anew since a restart of the controller: its ticks wait for that',
    input({ ...due(9), ...downUntil(5), ...probed }),
    [],
  ],
  [
    'it is probed anew after it crashed in the middle of a turn',
    input({ ...due(0), ...probed, record: record({ status: 'generation_in_progress' }) }),
    [],
  ],
  ['a start waits for its engine', input({ ...due(0), ...probed, record: record({ status: 'starting' }), openOperation: operation() }), []],
  ['it is not known whether it runs', input({ ...due(0), observed: { ...input().observed, isKnown: false } }), []],
  ['it has not begun', input({ ...due(0), ...failing, record: record({ currentTurn: null, status: 'starting' }) }), []],
  ['it is at its end', input({ ...due(0), ...failing, record: record({ status: 'finished', finishedGeneration: 1 }) }), []],
  ['it is to be stopped', input({ ...due(0), desired: desired({ state: 'stopped', stopReason: 'cancelled' }) }), []],
  ['it is deleted', input({ ...due(0), desired: desired({ deletedAt: new Date(NOW_MS) }) }), []],
]

describe('ticks of a game that does not serve', () => {
  it.each(RESTING)('%s', (_situation, given, ledger) => {
    const entries = planGame(given).ledger ?? []
    const lines = entries.map((entry) => (entry.kind === 'skip' ? `${(entry.atMs - NOW_MS) / 1_000} ${entry.reason}` : entry.kind))
    expect(lines).toEqual(ledger)
  })

  it('wake it, each when it is due', () => {
    expect(wakesIn(planGame(input({ ...due(0), ...unreachable })))).toBe(5)
    expect(wakesIn(planGame(input({ ...due(), ...crashing })))).toBe(5)
    expect(wakesIn(planGame(input(due())))).toBe(5)
  })

  it('cost nothing when none is due', () => {
    expect(planGame(input({ ...due(), ...unreachable })).ledger).toBeUndefined()
  })

  it('are told together with what the plan says', () => {
    expect(told(planGame(input({ ...due(0), ...failing })))).toBe(
      'g: settled: the engine in galaxy-game-g is unreachable: refused\n  ledger skip 0 not_running\n  record unreachable',
    )
  })
})

it('the earlier of two times, where there are two', () => {
  expect([earliest(1, 2), earliest(2, 1), earliest(null, 1), earliest(1, null), earliest(null, null)]).toEqual([1, 1, 1, 1, null])
})
