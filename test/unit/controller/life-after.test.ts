import { describe, expect, it } from 'vitest'
import type { PlanInput } from '../../../src/controller/plan/input.ts'
import { planGame } from '../../../src/controller/plan/plan-game.ts'
import { lifeAfter } from '../../../src/controller/life-after.ts'
import { stateAfter } from '../../../src/controller/outcome.ts'
import type { Plan } from '../../../src/model/plan.ts'
import type { OpenTurn } from '../../../src/model/turn.ts'
import { desired, engineState, exited, input, NOW_MS, operation, record, spec } from '../../support/planning.ts'
import { fakeClock } from './fake-clock.ts'

const PLAYERS = [{ userId: 'user-1', raceName: 'Terran' }]
const state = (turn: number, planets = 1) =>
  engineState({ turn, players: [{ id: 'player-1', raceName: 'Terran', planets, population: 10 * planets }] })
const mapping = [{ raceName: 'Terran', userId: 'user-1', enginePlayerId: 'player-1' }]
const accepted = spec('1.0.0', { players: PLAYERS })
const played = input({
  admission: { kind: 'accepted', spec: accepted, outdated: null, remarks: [] },
  status: { ...input().status, acceptedSpec: accepted, stateIncarnation: 2 },
  record: record({ currentTurn: 3 }),
  engine: { kind: 'state', state: state(3) },
  mapping,
  maxima: { 'player-1': { planets: 5, population: 50 } },
})
const openTurn: OpenTurn = { id: 't0', call: { kind: 'tick', atMs: NOW_MS - 1_000 }, turn: 4 }
const DEPS = { clock: fakeClock(NOW_MS), random: () => 0.5, newId: () => 'new' }

describe('the life of a game after a step', () => {
  it('is nothing to write where nothing happened', () => {
    expect(lifeAfter([], state(3), null, played.record, played, DEPS)).toEqual({
      write: {},
      memory: { openTurn: null, computedTurn: null, mapping, maxima: played.maxima },
    })
  })

  it('has a snapshot of each turn that the record did not have yet, with maxima over the game’s life', () => {
    const { write, memory } = lifeAfter([], state(4, 2), null, record({ currentTurn: 4 }), played, DEPS)
    expect(write.snapshot).toEqual({
      recordUid: 'u1',
      incarnation: 2,
      state: state(4, 2),
      status: 'running',
      health: 'ok',
      maxima: { 'player-1': { planets: 5, population: 50 } },
      playerStats: [{ user_id: 'user-1', current_planets: 2, current_population: 20, max_planets: 5, max_population: 50 }],
    })
    expect(memory.maxima).toEqual(played.maxima)
  })

  it('has a snapshot after init', () => {
    const unplayed = { ...played, record: record({ currentTurn: null, status: 'starting' }), mapping: [], maxima: {} }
    const { write, memory } = lifeAfter([], state(0), operation(), record({ currentTurn: 0 }), unplayed, DEPS)
    expect(write.snapshot).toMatchObject({ status: 'running', maxima: { 'player-1': { planets: 1, population: 10 } } })
    expect(write.mapping).toEqual(mapping)
    expect(memory.mapping).toEqual(mapping)
  })

  it('has none of a turn that the record does not take over', () => {
    expect(lifeAfter([], state(4), null, played.record, played, DEPS).write.snapshot).toBeUndefined()
  })

  it('follows a race’s user, and an engine’s player', () => {
    const other = spec('1.0.0', { players: [{ userId: 'user-2', raceName: 'Terran' }] })
    const given = { ...played, admission: { kind: 'accepted', spec: other, outdated: null, remarks: [] } } as const
    expect(lifeAfter([], state(3), null, played.record, given, DEPS).write.mapping).toMatchObject([{ userId: 'user-2' }])
  })

  it('keeps who plays while its engine cannot be asked', () => {
    expect(lifeAfter([], null, null, played.record, played, DEPS)).toMatchObject({ write: {}, memory: { mapping } })
  })

  it('takes nothing for a game without a record', () => {
    const { write, memory } = lifeAfter([{ kind: 'skip', atMs: 1, reason: 'paused' }], null, null, null, played, DEPS)
    expect([write, memory.openTurn]).toEqual([{}, null])
  })

  it.each([
    ['removed', 'the game was removed before it was computed'],
    ['stopped', 'the game was stopped before it was computed'],
  ] as const)('ends the open turn of a game that is %s', (status, error) => {
    const { write, memory } = lifeAfter([], null, operation(), record({ status }), { ...played, openTurn }, DEPS)
    expect(write.turns?.writes).toEqual([{ kind: 'end', id: 't0', status: 'failed', error }])
    expect(memory.openTurn).toBeNull()
  })

  it('forgets who plays a game that is removed', () => {
    const { write, memory } = lifeAfter([], null, operation(), record({ status: 'removed' }), played, DEPS)
    expect([write.mapping, memory.mapping]).toEqual([[], []])
  })
})

/** A plan's steps, and what each writes. */
describe('a turn, as it is written', () => {
  const due = { ...played, ticks: { due: [NOW_MS], nextMs: null } }
  const begun = () => {
    const plan = acting(due)
    return { plan, after: stateAfter({ plan, record: plan.record, isBeginning: true }, operation({ op: 'turn' }), due, DEPS) }
  }
  const remembered = (): PlanInput => ({ ...due, ...begun().after.memory })

  it('is in the ledger and in the record before its engine is asked', () => {
    const { write, memory } = begun().after
    expect(write.turns?.writes).toMatchObject([{ kind: 'begin', turn: 4, operationId: 'op-1' }])
    expect(write.record).toMatchObject({ status: 'generation_in_progress', currentTurn: 3, ticksAfter: new Date(NOW_MS) })
    expect(memory.openTurn).toMatchObject({ turn: 4 })
  })

  it('ends together with its operation, with a snapshot', () => {
    const { plan } = begun()
    const change = { plan, record: plan.record, engine: state(4), isEnding: { status: 'succeeded', code: null } } as const
    const { write, memory } = stateAfter(change, operation({ op: 'turn' }), remembered(), DEPS)
    expect(write.turns?.writes).toMatchObject([{ kind: 'end', status: 'succeeded' }])
    expect(write.record).toMatchObject({ status: 'running', currentTurn: 4 })
    expect(write.snapshot).toMatchObject({ state: { turn: 4 }, status: 'running' })
    expect(memory.openTurn).toBeNull()
  })

  it('finishes the game where its engine says so', () => {
    const { plan } = begun()
    const engine = { ...state(4), finished: true }
    const change = { plan, record: plan.record, engine, isEnding: { status: 'succeeded', code: null } } as const
    const { write } = stateAfter(change, operation({ op: 'turn' }), remembered(), DEPS)
    expect(write.record).toMatchObject({ status: 'finished', finishedGeneration: 1, finishedAt: new Date(NOW_MS) })
    expect(write.snapshot).toMatchObject({ status: 'finished' })
  })

  it('stays open where it failed or got no answer', () => {
    const { plan } = begun()
    const isEnding = { status: 'failed', code: 'engine_unreachable', message: 'refused' } as const
    const failed = stateAfter({ plan, record: { kind: 'none' }, isEnding }, operation({ op: 'turn' }), remembered(), DEPS)
    expect(failed.write.record).toMatchObject({ status: 'generation_failed', currentTurn: 3 })
    const unanswered = stateAfter({ plan, record: { kind: 'none' } }, operation({ op: 'turn' }), remembered(), DEPS)
    for (const { write, memory } of [failed, unanswered]) {
      expect(write.turns).toBeUndefined()
      expect(memory.openTurn).toMatchObject({ turn: 4 })
    }
  })

  it('is tried again after a delay when its time was over', () => {
    const late = { ...remembered(), openOperation: operation({ op: 'turn', startedAt: new Date(NOW_MS - 60_000) }) }
    const plan = planGame(late)
    expect(plan.kind).toBe('conclude')
    const failure = { code: 'engine_unreachable', message: 'late' } as const
    const isEnding = { status: 'failed', ...failure } as const
    const record = plan.kind === 'conclude' ? plan.record : ({ kind: 'none' } as const)
    const { memory } = stateAfter({ plan, record, failure, isEnding }, late.openOperation, late, DEPS)
    expect(memory.status.backoff).toMatchObject({ kind: 'TurnFailed', failures: 1, notBeforeMs: NOW_MS + 1_000 })
    expect(memory.record).toMatchObject({ status: 'generation_failed' })
    expect(memory.openTurn).toMatchObject({ turn: 4 })
  })

  it('leaves a crash loop’s delay in force where its container went down', () => {
    const down = {
      ...remembered(),
      observed: { ...due.observed, containers: [exited()] },
      engine: { kind: 'unasked' },
      openOperation: operation({ op: 'turn' }),
    } as const
    const plan = planGame(down)
    const failure = { code: 'engine_unreachable', message: 'went down' } as const
    const change = { plan, record: { kind: 'none' }, failure, isEnding: { status: 'failed', ...failure } } as const
    expect(stateAfter(change, down.openOperation, down, DEPS).memory.status.backoff).toBeNull()
  })

  it('of a token marks it handled, and the next tick as skipped', () => {
    const asked = { ...played, desired: desired({ turnToken: 'now', generation: 2 }) }
    const plan = acting(asked)
    const { write, memory } = stateAfter({ plan, record: plan.record, isBeginning: true }, operation({ op: 'turn' }), asked, DEPS)
    expect(memory.status.handledTurnToken).toBe('now')
    expect(write.record).toMatchObject({ skipNextTick: true })
    expect(write.turns?.writes).toMatchObject([{ kind: 'begin', call: { kind: 'token', token: 'now', generation: 2 } }])
  })
})

it('a turn token that is there at the game’s first insert asks for nothing', () => {
  const first = input({
    record: null,
    containers: [],
    status: { ...input().status, acceptedGeneration: null },
    desired: desired({ turnToken: 'old' }),
  })
  const plan = acting(first)
  const { status } = stateAfter({ plan, record: plan.record, isBeginning: true }, operation(), first, DEPS).memory
  expect(status.handledTurnToken).toBe('old')
})

function acting(given: PlanInput): Extract<Plan, { kind: 'act' }> {
  const plan = planGame(given)
  if (plan.kind !== 'act') throw new Error(`the plan is ${plan.kind}: ${plan.reason}`)
  return plan
}
