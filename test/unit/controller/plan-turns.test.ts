import { describe, expect, it } from 'vitest'
import type { PlanInput } from '../../../src/controller/plan/input.ts'
import { planGame } from '../../../src/controller/plan/plan-game.ts'
import type { Backoff } from '../../../src/model/backoff.ts'
import type { OpenTurn } from '../../../src/model/turn.ts'
import { container, desired, engineState, exited, input, NOW_MS, operation, record, spec } from '../../support/planning.ts'
import { told, wakesIn } from './told-plan.ts'

const STATUS = input().status
const due = (...secondsAgo: readonly number[]) => ({ ticks: { due: secondsAgo.map((s) => NOW_MS - s * 1_000), nextMs: NOW_MS + 60_000 } })
const token = (turnToken: string, over: Parameters<typeof desired>[0] = {}) => ({ desired: desired({ turnToken, generation: 2, ...over }) })
const at = (turn: number, over: Parameters<typeof engineState>[0] = {}) =>
  ({ engine: { kind: 'state', state: engineState({ turn, ...over }) }, record: record({ currentTurn: turn }) }) as const
const ofTick: OpenTurn = { id: 't1', call: { kind: 'tick', atMs: NOW_MS - 10_000 }, turn: 4 }
const ofToken: OpenTurn = { id: 't1', call: { kind: 'token', token: 'a', generation: 2 }, turn: 4 }
const failed = (over: Partial<Backoff> = {}): Backoff => ({
  kind: 'TurnFailed',
  failures: 1,
  notBeforeMs: NOW_MS + 1_000,
  delayMs: 1_000,
  message: 'refused with 500',
  operationId: 'op-0',
  countedAtMs: NOW_MS,
  wish: 'wish',
  ...over,
})
const held = { status: { ...STATUS, backoff: failed() } }
const paused = { desired: desired({ paused: true }), record: record({ currentTurn: 3, paused: true }) }

const TURN = '\n  compute_turn galaxy-game-g (c1): '
const FIRST = `g: turn: turn 1 is due${TURN}turn 1 is due`
const AGAIN = `g: turn: turn 4 is due${TURN}turn 4 is due\n  ledger retry\n  record running`
const LEDGER = 'g: settled: the ledger of turns is brought up to date'

const TABLE: readonly (readonly [situation: string, given: PlanInput, plan: string])[] = [
  ['a tick', input(due(0)), `${FIRST}\n  ledger begin tick 0 as turn 1\n  record running`],
  [
    'several ticks: one turn',
    input(due(2, 1)),
    `${FIRST}\n  ledger skip -2 in_progress\n  ledger begin tick -1 as turn 1\n  record running`,
  ],
  ['a tick of a paused game', input({ ...due(0), ...at(3), ...paused }), `${LEDGER}\n  ledger skip 0 paused\n  record running`],
  [
    'a tick after a forced turn',
    input({ ...due(0), record: record({ skipNextTick: true }) }),
    `${LEDGER}\n  ledger skip 0 skip_next_tick\n  record running`,
  ],
  [
    'a turn token',
    input({ ...at(3), ...token('a') }),
    `g: force_next_turn: a turn token asks for turn 4 now${TURN}a turn token asks for turn 4 now\n  ledger begin token a as turn 4\n  record running`,
  ],
  [
    'a turn token of a paused game',
    input({ ...at(3), ...token('a', { paused: true }), record: paused.record }),
    `g: force_next_turn: a turn token asks for turn 4 now${TURN}a turn token asks for turn 4 now\n  ledger begin token a as turn 4\n  record running`,
  ],
  [
    'a turn token that was handled',
    input({ ...token('a'), status: { ...STATUS, handledTurnToken: 'a' } }),
    'g: settled: galaxy-game-g runs and matches',
  ],
  [
    'a turn token, and a tick is due: the tick is told first',
    input({ ...token('a'), ...due(1, 0) }),
    `${LEDGER}\n  ledger skip -1 in_progress\n  ledger skip 0 in_progress\n  record running`,
  ],
  [
    'a turn token, and a tick came due while a turn was computed',
    input({ ...token('a'), ...due(1), lastTurn: { fromMs: NOW_MS - 2_000, toMs: NOW_MS } }),
    `g: force_next_turn: a turn token asks for turn 1 now${TURN}a turn token asks for turn 1 now
  ledger skip -1 in_progress
  ledger begin token a as turn 1
  record running`,
  ],
  [
    'an open turn, and its delay has not passed',
    input({ ...at(3), openTurn: ofTick, ...held }),
    'g: settled: turn 4 failed: refused with 500; tried again at 2026-01-01T12:00:01.000Z\n  record generation_failed',
  ],
  [
    'an open turn, and its delay has passed',
    input({ ...at(3), openTurn: ofTick, status: { ...STATUS, backoff: failed({ notBeforeMs: NOW_MS }) } }),
    AGAIN,
  ],
  ['an open turn, and no delay: after a crash', input({ ...at(3), openTurn: ofTick }), AGAIN],
  [
    'an open turn, whose delay was made from another wish',
    input({ ...at(3), openTurn: ofTick, status: { ...STATUS, backoff: failed({ wish: 'other' }) } }),
    AGAIN,
  ],
  [
    'an open turn, whose delay ends in an hour, since the clock was set back',
    input({ ...at(3), openTurn: ofTick, status: { ...STATUS, backoff: failed({ notBeforeMs: NOW_MS + 3_600_000 }) } }),
    AGAIN,
  ],
  ['an open turn, computed after all', input({ ...at(4), openTurn: ofTick }), `${LEDGER}\n  ledger succeeded\n  record running`],
  [
    'an open turn, computed after all and not recorded yet',
    input({ ...at(4), record: record({ currentTurn: 3 }), openTurn: ofTick, ...due(0) }),
    `${LEDGER}\n  ledger succeeded\n  record running`,
  ],
  [
    'an open turn, computed after all and the last one',
    input({ ...at(4, { finished: true }), openTurn: ofTick }),
    `${LEDGER}\n  ledger succeeded\n  record running`,
  ],
  [
    'an open turn of a game that ended before it',
    input({ ...at(3, { finished: true }), openTurn: ofTick }),
    `${LEDGER}\n  ledger failed: its game ended with turn 3\n  record running`,
  ],
  [
    'an open turn, and the next tick is due',
    input({ ...at(3), openTurn: ofTick, ...held, ...due(0) }),
    `${LEDGER}\n  ledger failed: refused with 500\n  record running`,
  ],
  [
    'an open turn, and a tick that came due in its last attempt',
    input({ ...at(3), openTurn: ofTick, ...held, ...due(1), lastTurn: { fromMs: NOW_MS - 2_000, toMs: NOW_MS } }),
    'g: settled: turn 4 failed: refused with 500; tried again at 2026-01-01T12:00:01.000Z\n  ledger skip -1 in_progress\n  record generation_failed',
  ],
  [
    'an open turn, and a turn token',
    input({ ...at(3), openTurn: ofTick, ...held, ...token('a') }),
    `${LEDGER}\n  ledger superseded: a forced turn took its place\n  record running`,
  ],
  [
    'an open forced turn, and another turn token',
    input({ ...at(3), openTurn: ofToken, ...held, ...token('b') }),
    `${LEDGER}\n  ledger superseded: a forced turn took its place\n  record running`,
  ],
  [
    'an open forced turn, and its own token',
    input({ ...at(3), openTurn: ofToken, ...token('a'), status: { ...STATUS, handledTurnToken: 'a' } }),
    `g: force_next_turn: a turn token asks for turn 4 now${TURN}a turn token asks for turn 4 now\n  ledger retry\n  record running`,
  ],
  [
    'an open turn of a tick, and the game is paused',
    input({ ...at(3), ...paused, openTurn: ofTick, ...held }),
    `${LEDGER}\n  ledger failed: paused before it was computed\n  record running`,
  ],
  [
    'an open forced turn, and the game is paused',
    input({ ...at(3), ...paused, openTurn: ofToken }),
    `g: force_next_turn: a turn token asks for turn 4 now${TURN}a turn token asks for turn 4 now\n  ledger retry\n  record running`,
  ],
]

describe('a turn', () => {
  it.each(TABLE)('%s', (_situation, given, plan) => {
    expect(told(planGame(given))).toBe(plan)
  })

  it('is asked for with the incarnation of the state, so that its key is new after a purge', () => {
    const plan = planGame(input({ ...due(0), status: { ...STATUS, stateIncarnation: 7 } }))
    expect(plan).toMatchObject({ actions: [{ kind: 'compute_turn', turn: 1, incarnation: 7, engine: { containerId: 'c1', port: 8080 } }] })
  })

  it('tells in the log which tick or token it is of', () => {
    expect(planGame(input(due(0)))).toMatchObject({
      operation: { op: 'turn', source: 'scheduler', sourceRef: 'tick:2026-01-01T12:00:00.000Z' },
    })
    expect(planGame(input(token('a')))).toMatchObject({ operation: { op: 'force_next_turn', source: 'lobby', sourceRef: 'turn_token:a' } })
  })

  it.each([
    ['a turn token after the ticks that are due', input({ ...token('a'), ...due(0) }), 0],
    ['the next tick’s turn after the open one’s end', input({ ...at(3), openTurn: ofTick, ...due(0) }), 0],
    ['the end of a delay', input({ ...at(3), openTurn: ofTick, ...held, ...due() }), 1],
    [
      'the next tick before the end of a delay',
      input({
        ...at(3),
        openTurn: ofTick,
        status: { ...STATUS, backoff: failed({ notBeforeMs: NOW_MS + 90_000, delayMs: 90_000 }) },
        ...due(),
      }),
      60,
    ],
    ['the next tick', input({ ...due(0), ...at(3), ...paused }), 60],
  ])('wakes for %s', (_what, given, seconds) => {
    expect(wakesIn(planGame(given))).toBe(seconds)
  })
})

const turn = (over: Parameters<typeof operation>[0] = {}) =>
  operation({ op: 'turn', source: 'scheduler', startedAt: new Date(NOW_MS - 5_000), ...over })
const open = { ...at(3), openTurn: ofTick, openOperation: turn() }
const late = { ...open, openOperation: turn({ startedAt: new Date(NOW_MS - 60_000) }) }
const CONTINUED = `g: continue: turn 4 was asked for and is not computed${TURN}turn 4 was asked for and is not computed\n  record running`
const SETTLED = 'g: conclude: the containers show that it is done\n  succeeded\n  ledger succeeded\n  record running'
const ASKING = 'g: wait: turn 4 was asked for; its engine is asked what became of it'
const FAILING = { engine: { kind: 'failing', message: 'no answer', retryAtMs: NOW_MS + 500, delayMs: 500 } } as const
const GONE_DOWN = 'g: conclude: its container went down while turn 4 was computed\n  failed engine_unreachable'
const LATE =
  'g: conclude: the engine is still at turn 3: turn 4 was not computed within 60 s\n  failed engine_unreachable\n  record generation_failed'

/** A turn's operation was left open, by a crash of the controller or a call without an answer. */
const INTERRUPTED: readonly (readonly [situation: string, given: PlanInput, plan: string])[] = [
  ['computed', input({ ...open, ...at(4), record: record({ currentTurn: 3 }) }), SETTLED],
  ['computed, and the deadline has passed', input({ ...late, ...at(4), record: record({ currentTurn: 3 }) }), SETTLED],
  ['computed, and others after it', input({ ...open, ...at(9), record: record({ currentTurn: 3 }) }), SETTLED],
  ['not computed', input(open), CONTINUED],
  ['not computed, and the deadline has passed', input(late), LATE],
  ['the engine has not been asked yet', input({ ...open, engine: { kind: 'unasked' } }), ASKING],
  ['the engine does not answer', input({ ...open, ...FAILING }), ASKING],
  [
    'the engine does not answer, and the deadline has passed',
    input({ ...late, ...FAILING }),
    'g: conclude: turn 4 was not computed within 60 s: no answer\n  failed engine_unreachable\n  record generation_failed',
  ],
  [
    'the engine was never asked, and the deadline has passed',
    input({ ...late, engine: { kind: 'unasked' } }),
    'g: conclude: turn 4 was not computed within 60 s\n  failed engine_unreachable\n  record generation_failed',
  ],
  ['the container is down', input({ ...open, engine: { kind: 'unasked' }, containers: [exited()] }), GONE_DOWN],
  ['the container is gone', input({ ...open, engine: { kind: 'unasked' }, containers: [] }), GONE_DOWN],
  ['the clock was set back since', input({ ...open, openOperation: turn({ startedAt: new Date(NOW_MS + 3_600_000) }) }), LATE],
  [
    'the ledger knows nothing of it',
    input({ ...open, openTurn: null }),
    'g: conclude: its turn is not in the ledger\n  failed engine_unreachable\n  record generation_failed',
  ],
  ['forced', input({ ...open, openTurn: ofToken, openOperation: turn({ op: 'force_next_turn', sourceRef: 'turn_token:a' }) }), CONTINUED],
  [
    'docker cannot be read',
    input({ ...open, observed: { ...input().observed, isKnown: false } }),
    'g: wait: the container runtime cannot be reached; nothing is changed until it can',
  ],
]

/** What is asked for meanwhile, and has to wait. */
const ASKED_FOR: readonly (readonly [what: string, given: Partial<PlanInput>])[] = [
  ['a stop', { desired: desired({ state: 'stopped', stopReason: 'cancelled', generation: 2 }) }],
  ['a delete', { desired: desired({ deletedAt: new Date(NOW_MS), generation: 2 }) }],
  ['a delete with its state', { desired: desired({ deletedAt: new Date(NOW_MS), purgeState: true, generation: 2 }) }],
  ['a restart', { desired: desired({ restartToken: 'now', generation: 2 }) }],
  ['a patch', { admission: { kind: 'accepted', spec: spec('1.0.1'), outdated: null, remarks: [] } }],
  ['a pause', { desired: desired({ paused: true, generation: 2 }) }],
  ['another turn', token('b')],
  ['nothing any more: its row is gone', { desired: null }],
  [
    'what is refused',
    { admission: { kind: 'refused', reason: 'InvalidSpec', code: 'start_config_invalid', message: 'no', inForce: spec() } },
  ],
]

describe('a turn that was interrupted', () => {
  it.each(INTERRUPTED)('%s', (_situation, given, plan) => {
    expect(told(planGame(given))).toBe(plan)
  })

  it.each(ASKED_FOR)('goes on while %s waits, up to its deadline', (_what, wish) => {
    expect(told(planGame(input({ ...open, ...wish })))).toBe(CONTINUED)
    expect(told(planGame(input({ ...open, ...wish, ...FAILING })))).toBe(ASKING)
    expect(told(planGame(input({ ...late, ...wish })))).toBe(LATE)
    expect(told(planGame(input({ ...open, ...wish, ...at(4), record: record({ currentTurn: 3 }) })))).toBe(SETTLED)
  })

  it('wakes when its engine may be asked again, and at its deadline', () => {
    expect(wakesIn(planGame(input({ ...open, ...FAILING })))).toBe(0.5)
    expect(wakesIn(planGame(input({ ...open, engine: { kind: 'unasked' } })))).toBe(55)
  })

  it('lets a second running container go first', () => {
    const twice = [container(), container({ id: 'c9', name: 'copy', createdAtMs: NOW_MS })]
    expect(told(planGame(input({ ...open, containers: twice })))).toContain('conclude')
    expect(told(planGame(input({ ...at(3), openTurn: ofTick, containers: twice })))).toContain('reconcile/duplicate')
  })
})
