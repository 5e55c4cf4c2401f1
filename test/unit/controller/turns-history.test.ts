import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { NOW_MS } from '../../support/planning.ts'
import { type Death, type Manner, TurnModel } from './turn-model.ts'

/** Whatever happens to engine, controller and game, in any order. */
type Event =
  | { readonly kind: 'time passes'; readonly seconds: number }
  | { readonly kind: 'the engine'; readonly manner: Manner }
  | { readonly kind: 'the controller dies'; readonly death: Death }
  | { readonly kind: 'token' | 'pause' | 'resume' | 'stop' | 'start' | 'engine crash' | 'controller restart' | 'late turn' }

const MANNERS = ['answers', 'refuses', 'hangs', 'computes silently', 'drops it', 'crashes before', 'crashes after'] as const
const DEATHS = ['before the intents', 'before the effect', 'after the effect'] as const

const event: fc.Arbitrary<Event> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('time passes'), seconds: fc.integer({ min: 0, max: 40 }) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('the engine'), manner: fc.constantFrom(...MANNERS) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('the controller dies'), death: fc.constantFrom(...DEATHS) }) },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constantFrom('token', 'pause', 'resume', 'stop', 'start', 'engine crash', 'controller restart', 'late turn'),
    }),
  },
)

/** By tens, and by fifteens from then on. */
const CHANGED = '*/15 * * * * *'

describe('any history of a game’s turns', () => {
  it.each(['none', 'one'] as const)('computes each number once, and ends each tick once (catch-up %s)', (catchUp) => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 40 }), (history) => {
        const game = new TurnModel(catchUp)
        for (const each of history) {
          happen(game, each)
          game.passes()
        }
        settle(game)
        hold(game)
        if (!history.some(({ kind }) => kind === 'stop')) expect(ticksIn(game)).toEqual(ticksUntil(game.nowMs))
      }),
      { numRuns: 300 },
    )
  })

  it.each(['none', 'one'] as const)('ends each tick of a schedule that changes in it (catch-up %s)', (catchUp) => {
    const before = fc.array(event, { maxLength: 15 })
    const away = fc.record({ isAway: fc.boolean(), fromS: fc.integer({ min: 0, max: 40 }), untilS: fc.integer({ min: 0, max: 40 }) })
    fc.assert(
      fc.property(before, away, before, (former, { isAway, fromS, untilS }, latter) => {
        const game = new TurnModel(catchUp)
        game.passes()
        for (const each of former) {
          happen(game, each)
          game.passes()
        }
        game.nowMs += fromS * 1_000
        if (!isAway) game.passes()
        const changedMs = game.nowMs
        game.reschedule(CHANGED)
        game.nowMs += untilS * 1_000
        if (isAway) game.restart()
        game.passes()
        for (const each of latter) {
          happen(game, each)
          game.passes()
        }
        settle(game)
        hold(game)
        if ([...former, ...latter].some(({ kind }) => kind === 'stop')) return
        const changed = ticksUntil(game.nowMs, 15_000).filter((atMs) => atMs > changedMs)
        expect(ticksIn(game)).toEqual([...ticksUntil(changedMs), ...changed])
      }),
      { numRuns: 100 },
    )
  })

  it('is the same ledger without faults: a turn per tick', () => {
    const game = new TurnModel()
    for (let second = 0; second < 100; second += 1) {
      game.nowMs += 1_000
      game.passes()
    }
    expect([...game.ledger.values()].map(({ turn, status }) => `${turn} ${status}`)).toEqual(
      Array.from({ length: 10 }, (_, index) => `${index + 1} succeeded`),
    )
  })

  it('tells how an engine that crashes at each turn is asked ever more rarely', () => {
    const game = new TurnModel()
    game.manner = 'crashes before'
    for (let second = 0; second < 600; second += 1) {
      game.nowMs += 1_000
      game.passes()
    }
    const attempts = [...game.ledger.values()].filter(({ turn }) => turn !== null).length
    expect(attempts).toBeLessThan(12)
    expect(game.computed).toEqual([])
  })

  it('asks an engine that hangs in a turn again, after a delay, when its time is over', () => {
    const game = new TurnModel()
    game.manner = 'hangs'
    game.nowMs += 10_000
    game.passes()
    game.passes()
    expect(game.record.status).toBe('generation_failed')
    const rows = [...game.ledger.values()]
    expect(rows.map(({ status }) => status)).toContain('in_progress')
    game.manner = 'answers'
    game.nowMs += 2_000
    game.passes()
    expect(game.computed).toEqual([1])
  })
})

function ticksIn({ ledger }: TurnModel): readonly number[] {
  return [...ledger.values()].flatMap(({ scheduledAtMs }) => scheduledAtMs ?? []).toSorted((a, b) => a - b)
}

/** Each ten seconds one; ticks do not come due while a game is stopped. */
function ticksUntil(nowMs: number, everyMs = 10_000): readonly number[] {
  return Array.from({ length: Math.floor((nowMs - NOW_MS) / everyMs) }, (_, index) => NOW_MS + (index + 1) * everyMs)
}

function happen(game: TurnModel, each: Event): void {
  switch (each.kind) {
    case 'time passes':
      game.nowMs += each.seconds * 1_000
      break
    case 'the engine':
      game.manner = each.manner
      break
    case 'the controller dies':
      game.death = each.death
      break
    case 'token':
      game.wish({ turnToken: `token-${game.desired.generation}` })
      break
    case 'pause':
    case 'resume':
      game.wish({ paused: each.kind === 'pause' })
      break
    case 'stop':
      game.wish({ state: 'stopped', stopReason: 'admin_request', updatedAt: new Date(game.nowMs) })
      break
    case 'start':
      game.wish({ state: 'running', stopReason: null })
      break
    case 'engine crash':
      game.crash()
      break
    case 'controller restart':
      game.restart()
      break
    case 'late turn':
      game.finishLate()
      break
  }
}

/** Faults are over, and time passes. */
function settle(game: TurnModel): void {
  game.manner = 'answers'
  game.death = null
  game.wish({ state: 'running', stopReason: null, paused: false })
  for (let step = 0; step < 30; step += 1) {
    game.nowMs += 15_000
    game.passes()
  }
}

function hold(game: TurnModel): void {
  const rows = [...game.ledger.values()]
  expect(game.isOpen).toBe(false)
  expect(rows.filter(({ status }) => status === 'in_progress')).toEqual([])
  expect(game.computed).toEqual(Array.from({ length: game.turn }, (_, index) => index + 1))
  expect(game.record.currentTurn).toBe(game.turn)
  const succeeded = rows.filter(({ status }) => status === 'succeeded').map(({ turn }) => turn)
  expect(new Set(succeeded).size).toBe(succeeded.length)
  // What an engine computed after it was given up is told as failed, or the next row has its number.
  const numbers = new Set(rows.map(({ turn }) => turn))
  expect(game.computed.filter((turn) => !numbers.has(turn))).toEqual([])
}
