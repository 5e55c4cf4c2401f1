import { describe, expect, it } from 'vitest'
import type { PlanInput } from '../../../src/controller/plan/input.ts'
import { planGame } from '../../../src/controller/plan/plan-game.ts'
import type { Backoff } from '../../../src/model/backoff.ts'
import type { Player } from '../../../src/model/game.ts'
import { container, desired, engineState, input, NOW_MS, operation, record, spec } from '../../support/planning.ts'
import { told, wakesIn } from './told-plan.ts'

const PLAYERS: readonly Player[] = [{ userId: '00000000-0000-4000-8000-000000000001', raceName: 'Terran' }]
const played = { admission: { kind: 'accepted', spec: spec('1.0.0', { players: PLAYERS }), outdated: null, remarks: [] } } as const
const starting = record({ status: 'starting', currentTurn: null, ticksAfter: null, health: 'unknown' })
const uninitialised = { engine: { kind: 'uninitialised' } } as const
const fresh = { record: starting, ...uninitialised, ...played } as const
const state = (over: Parameters<typeof engineState>[0]) => ({ engine: { kind: 'state', state: engineState(over) } }) as const
const pending = (forMs: number) => ({ health: { kind: 'pending', sinceMs: NOW_MS - forMs } }) as const
const backoff: Backoff = {
  kind: 'EngineUnreachable',
  failures: 1,
  notBeforeMs: NOW_MS + 1_000,
  delayMs: 1_000,
  message: 'init failed',
  operationId: 'op-0',
  countedAtMs: NOW_MS,
  wish: 'wish',
}
const held = { status: { ...input().status, backoff } }
const asked = { seq: 2, kind: 'init_engine', target: 'c1' } as const
const waitsForInit = (sinceMs: number) => operation({ startedAt: new Date(NOW_MS - sinceMs), openIntents: [asked] })

const HELD = {
  kind: 'PatchFailed',
  failures: 1,
  notBeforeMs: NOW_MS + 1_000,
  delayMs: 1_000,
  message: 'it failed',
  operationId: 'op-0',
  countedAtMs: NOW_MS,
  wish: 'wish',
} as const
const LOST = 'its state in /state/g was lost or replaced; bring it back, or delete the game together with its state'
const NO_PLAYERS = 'galaxy-game-g serves, but no player is named; name them in players'
const INIT = '1 players are named; the engine gets its game'

/** What the engine says, and what else is the case → what is planned. */
const TABLE: readonly (readonly [situation: string, given: PlanInput, plan: string])[] = [
  ['it has its game', input(), 'g: settled: galaxy-game-g runs and matches'],
  [
    'no game, and its start is open',
    input({ ...fresh, openOperation: operation() }),
    `g: continue: ${INIT}\n  init_engine galaxy-game-g (c1): ${INIT}\n  record running`,
  ],
  [
    'no game, and its start has ended: another one initialises it',
    input(fresh),
    `g: start: ${INIT}\n  init_engine galaxy-game-g (c1): ${INIT}\n  record running`,
  ],
  ['no game, and its last init failed', input({ ...fresh, ...held }), 'g: wait: init failed; next attempt at 2026-01-01T12:00:01.000Z'],
  [
    'no game after an init that got no answer, within the time of a start',
    input({ ...fresh, openOperation: waitsForInit(29_000) }),
    `g: continue: ${INIT}\n  init_engine galaxy-game-g (c1): ${INIT}\n  record running`,
  ],
  [
    'no game after inits that got no answer for as long as a start may take',
    input({ ...fresh, openOperation: waitsForInit(30_000) }),
    'g: conclude: the engine in galaxy-game-g is unreachable: its init got no answer in time\n  failed engine_unreachable\n  record unreachable',
  ],
  [
    'no game, and another term’s controller went down long ago between start and init',
    input({ ...fresh, openOperation: waitsForInit(600_000), activeSinceMs: NOW_MS - 1_000 }),
    `g: continue: ${INIT}\n  init_engine galaxy-game-g (c1): ${INIT}\n  record running`,
  ],
  [
    'no players, and its start is open',
    input({ record: starting, ...uninitialised, openOperation: operation() }),
    'g: conclude: the containers show that it is done\n  succeeded',
  ],
  ['no players', input({ record: starting, ...uninitialised }), `g: blocked: ${NO_PLAYERS}`],
  [
    'no players, and its engine answers again',
    input({ record: { ...starting, status: 'engine_unreachable' }, ...uninitialised }),
    `g: settled: ${NO_PLAYERS}\n  record starting`,
  ],
  [
    'no game any more',
    input({ ...played, ...uninitialised, record: record({ currentTurn: 3 }) }),
    `g: blocked: its engine has no game, but turn 3 was computed: ${LOST}`,
  ],
  [
    'no game any more, in the middle of a restart',
    input({ ...played, ...uninitialised, record: record({ currentTurn: 3 }), openOperation: operation({ op: 'restart' }) }),
    `g: conclude: its engine has no game, but turn 3 was computed: ${LOST}\n  failed engine_unreachable\n  record unreachable`,
  ],
  [
    'an older state',
    input({ ...state({ turn: 2 }), record: record({ currentTurn: 3 }) }),
    `g: blocked: its engine is at turn 2, but turn 3 was computed: ${LOST}`,
  ],
  [
    'a newer state than the record',
    input({ ...state({ turn: 5 }), record: record({ currentTurn: 3 }), ticks: { due: [NOW_MS], nextMs: null } }),
    'g: settled: galaxy-game-g runs and matches\n  record running',
  ],
  [
    'the state of an earlier life, whose init is announced and not needed',
    input({ ...fresh, ...state({ turn: 5 }), openOperation: operation({ openIntents: [{ ...asked, isAnnounced: true }] }) }),
    'g: conclude: the containers show that it is done\n  succeeded\n  record running',
  ],
  [
    'nothing that can be used',
    input({ engine: { kind: 'failing', message: 'expected JSON', retryAtMs: NOW_MS + 2_000, delayMs: 1_000 } }),
    'g: settled: the engine in galaxy-game-g is unreachable: expected JSON\n  record unreachable',
  ],
  [
    'nothing that can be used, at its start',
    input({
      record: starting,
      openOperation: operation(),
      engine: { kind: 'failing', message: 'expected JSON', retryAtMs: NOW_MS, delayMs: 1_000 },
    }),
    'g: wait: waiting for galaxy-game-g to tell its game: expected JSON',
  ],
  [
    'nothing that can be used, for as long as a start may take',
    input({
      record: starting,
      openOperation: operation({ startedAt: new Date(NOW_MS - 30_000) }),
      engine: { kind: 'failing', message: 'expected JSON', retryAtMs: NOW_MS, delayMs: 1_000 },
    }),
    'g: conclude: the engine in galaxy-game-g is unreachable: expected JSON\n  failed engine_unreachable\n  record unreachable',
  ],
  [
    'it has no game, and an earlier life of this game had come to a turn',
    input({ ...fresh, computedTurn: 3 }),
    `g: blocked: its engine has no game, but turn 3 was computed: ${LOST}`,
  ],
  [
    'it is behind an earlier life of this game',
    input({ record: starting, engine: { kind: 'state', state: engineState({ turn: 2 }) }, computedTurn: 3 }),
    `g: blocked: its engine is at turn 2, but turn 3 was computed: ${LOST}`,
  ],
  [
    'its patch has to wait, and a tick is due: the old container goes on',
    input({
      admission: { kind: 'accepted', spec: spec('1.0.1'), outdated: null, remarks: [] },
      status: { ...input().status, backoff: HELD },
      ticks: { due: [NOW_MS], nextMs: null },
    }),
    'g: turn: turn 1 is due\n  compute_turn galaxy-game-g (c1): turn 1 is due\n  ledger begin tick 0 as turn 1\n  record running',
  ],
  [
    'it serves, and a stop is open that is not asked for any more',
    input({ openOperation: operation({ op: 'stop' }) }),
    'g: conclude: overtaken: the game is desired running\n  failed conflict\n  record running',
  ],
  ['pause', input({ desired: desired({ paused: true }) }), 'g: pause: turns stop; the container stays up\n  record paused'],
  [
    'resume: a tick that came due before is one of the paused time',
    input({ record: record({ paused: true }), ticks: { due: [NOW_MS - 1_000], nextMs: null } }),
    'g: resume: turns go on; those missed are not made up for\n  ledger skip -1 paused\n  record paused',
  ],
  [
    'paused and recorded',
    input({ desired: desired({ paused: true }), record: record({ paused: true }) }),
    'g: settled: galaxy-game-g runs and matches',
  ],
  [
    'pause of a game whose engine has no turns',
    input({
      admission: { kind: 'accepted', spec: spec('1.0.0', { protocol: 'none' }), outdated: null, remarks: [] },
      desired: desired({ paused: true }),
      engine: { kind: 'unasked' },
    }),
    'g: pause: turns stop; the container stays up\n  record paused',
  ],
  [
    'it never answered its probe, in its start',
    input({ record: starting, openOperation: operation(), ...pending(30_000) }),
    'g: conclude: the engine in galaxy-game-g is unreachable: it did not answer within 30 s\n  failed engine_unreachable\n  record unreachable',
  ],
  [
    'it is asked again after a restart of the controller',
    input(pending(29_000)),
    'g: wait: galaxy-game-g runs; its engine is being asked again',
  ],
  [
    'it served before, and has not answered since a restart of the controller',
    input(pending(30_000)),
    'g: settled: the engine in galaxy-game-g is unreachable: it did not answer within 30 s\n  record unreachable',
  ],
  [
    'it was adopted, and never answers',
    input({ record: starting, ...pending(30_000) }),
    'g: settled: the engine in galaxy-game-g is unreachable: it did not answer within 30 s\n  record unreachable',
  ],
  [
    'it answers again',
    input({ record: record({ status: 'engine_unreachable', health: 'unreachable' }) }),
    'g: settled: galaxy-game-g runs and matches\n  record running',
  ],
  [
    'it is another container than the one that was asked',
    input({ containers: [container({ id: 'c2' })], record: record({ containerId: 'c2' }), health: { kind: 'ok', containerId: 'c1' } }),
    'g: wait: galaxy-game-g runs; its engine is being asked again',
  ],
]

describe('a game that serves', () => {
  it.each(TABLE)('%s', (_situation, given, plan) => {
    expect(told(planGame(given))).toBe(plan)
  })

  it('looks again when an engine that never answered is overdue, and when one that failed is to be asked again', () => {
    expect(wakesIn(planGame(input(pending(20_000))))).toBe(10)
    const engine = { kind: 'failing', message: 'no', retryAtMs: NOW_MS + 2_000, delayMs: 1_000 } as const
    expect(wakesIn(planGame(input({ engine })))).toBe(2)
  })

  it('has caught up with its engine first, and looks at once again', () => {
    expect(wakesIn(planGame(input({ ...state({ turn: 5 }), record: record({ currentTurn: 3 }) })))).toBe(0)
  })

  it.each([
    ['no players', input({ record: starting, ...uninitialised }), 'NoPlayers', 'False NoPlayers'],
    ['players and no game yet', input(fresh), 'Initializing', 'False NotYet'],
    ['its game', input(), 'Running', 'True Initialized'],
    ['its game, paused', input({ desired: desired({ paused: true }), record: record({ paused: true }) }), 'Paused', 'True Initialized'],
    ['lost it', input({ ...uninitialised, record: record({ currentTurn: 1 }) }), 'StateLost', 'True Initialized'],
  ])('tells by its conditions: %s', (_situation, given, ready, initialised) => {
    const { conditions } = planGame(given)
    expect(conditions.find(({ type }) => type === 'Ready')?.reason).toBe(ready)
    const found = conditions.find(({ type }) => type === 'Initialized')
    expect(`${found?.status} ${found?.reason}`).toBe(initialised)
  })
})
