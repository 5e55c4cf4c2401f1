import { describe, expect, it } from 'vitest'
import { isSameMapping, ledgerAfter, mappingOf, maximaAfter, playerStats } from '../../../src/controller/played.ts'
import type { EnginePlayer } from '../../../src/model/engine.ts'
import type { LedgerEntry, OpenTurn } from '../../../src/model/turn.ts'
import { engineState } from '../../support/planning.ts'

const user = (raceName: string, digit: number) => ({ userId: `user-${digit}`, raceName })
const player = (raceName: string, digit: number, over: Partial<EnginePlayer> = {}): EnginePlayer => ({
  id: `player-${digit}`,
  raceName,
  planets: 1,
  population: 10,
  ...over,
})
const mapped = (raceName: string, userDigit: number, playerDigit: number) => ({
  raceName,
  userId: `user-${userDigit}`,
  enginePlayerId: `player-${playerDigit}`,
})

describe('who plays', () => {
  it('is found by race, in the order of races', () => {
    const state = engineState({ players: [player('Zerg', 2), player('Terran', 1)] })
    expect(mappingOf([user('Terran', 1), user('Zerg', 2)], state)).toEqual([mapped('Terran', 1, 1), mapped('Zerg', 2, 2)])
  })

  it('leaves out a race that only one side knows', () => {
    const state = engineState({ players: [player('Terran', 1), player('Stranger', 9)] })
    expect(mappingOf([user('Terran', 1), user('Absent', 2)], state)).toEqual([mapped('Terran', 1, 1)])
  })

  it('is taken by a race name that is a word of the language', () => {
    const state = engineState({ players: [player('constructor', 1), player('__proto__', 2)] })
    expect(mappingOf([user('constructor', 1)], state)).toEqual([mapped('constructor', 1, 1)])
  })

  it.each([
    ['the same', [mapped('a', 1, 1)], [mapped('a', 1, 1)], true],
    ['another user', [mapped('a', 1, 1)], [mapped('a', 2, 1)], false],
    ['another player of the engine', [mapped('a', 1, 1)], [mapped('a', 1, 2)], false],
    ['another race', [mapped('a', 1, 1)], [mapped('b', 1, 1)], false],
    ['one more', [mapped('a', 1, 1)], [mapped('a', 1, 1), mapped('b', 2, 2)], false],
    ['nobody, twice', [], [], true],
  ])('differs or not: %s', (_what, a, b, isSame) => {
    expect(isSameMapping(a, b)).toBe(isSame)
    expect(isSameMapping(b, a)).toBe(isSame)
  })
})

describe('the most there ever was', () => {
  it('begins with what there is, and never falls', () => {
    const first = maximaAfter({}, engineState({ players: [player('a', 1, { planets: 3, population: 5 })] }))
    expect(first).toEqual({ 'player-1': { planets: 3, population: 5 } })
    const then = maximaAfter(first, engineState({ players: [player('a', 1, { planets: 1, population: 9 })] }))
    expect(then).toEqual({ 'player-1': { planets: 3, population: 9 } })
  })

  it('stays of a player who is gone', () => {
    const before = { 'player-1': { planets: 3, population: 5 } }
    expect(maximaAfter(before, engineState({ players: [player('b', 2)] }))).toMatchObject(before)
  })
})

describe('what the lobby is told of players', () => {
  const maxima = { 'player-1': { planets: 4, population: 40 } }

  it('is by user, found by player id', () => {
    const state = engineState({ players: [player('renamed', 1, { planets: 2, population: 20 })] })
    expect(playerStats(state, [mapped('a', 1, 1)], maxima)).toEqual([
      { user_id: 'user-1', current_planets: 2, current_population: 20, max_planets: 4, max_population: 40 },
    ])
  })

  it('is found by race where the id is unknown, and is its own maximum where none is known', () => {
    const state = engineState({ players: [player('a', 7)] })
    expect(playerStats(state, [mapped('a', 1, 1)], maxima)).toEqual([
      { user_id: 'user-1', current_planets: 1, current_population: 10, max_planets: 1, max_population: 10 },
    ])
  })

  it('leaves out whom nobody knows', () => {
    expect(playerStats(engineState({ players: [player('x', 9)] }), [mapped('a', 1, 1)], {})).toEqual([])
  })
})

const tick = { kind: 'tick', atMs: 10 } as const
const open: OpenTurn = { id: 't0', call: tick, turn: 3 }
const END: LedgerEntry = { kind: 'end', status: 'succeeded', error: null }

describe('the ledger after a step', () => {
  const after = (entries: readonly LedgerEntry[], before: OpenTurn | null = null, operationId: string | null = 'op') => {
    let ids = 0
    return ledgerAfter(entries, before, operationId, () => `t${(ids += 1)}`)
  }

  it('has a row for each skipped tick, and leaves the open turn open', () => {
    expect(
      after(
        [
          { kind: 'skip', atMs: 1, reason: 'paused' },
          { kind: 'skip', atMs: 2, reason: 'paused' },
        ],
        open,
        null,
      ),
    ).toEqual({
      writes: [
        { kind: 'skip', id: 't1', atMs: 1, reason: 'paused' },
        { kind: 'skip', id: 't2', atMs: 2, reason: 'paused' },
      ],
      open,
    })
  })

  it('has a row for a turn that begins, which is open under its id', () => {
    expect(after([{ kind: 'begin', call: tick, turn: 4 }])).toEqual({
      writes: [{ kind: 'begin', id: 't1', call: tick, turn: 4, operationId: 'op' }],
      open: { id: 't1', call: tick, turn: 4 },
    })
  })

  it('counts another attempt of the open turn', () => {
    expect(after([{ kind: 'retry' }], open)).toEqual({ writes: [{ kind: 'retry', id: 't0', operationId: 'op' }], open })
  })

  it('ends the open turn', () => {
    expect(after([END], open)).toEqual({ writes: [{ ...END, id: 't0' }], open: null })
  })

  it('says nothing of a turn that is not open', () => {
    expect(after([END, { kind: 'retry' }])).toEqual({ writes: [], open: null })
  })

  it.each<LedgerEntry>([{ kind: 'begin', call: tick, turn: 4 }, { kind: 'retry' }])(
    'asks for no turn outside of an operation: $kind',
    (entry) => {
      expect(() => after([entry], open, null)).toThrow(/outside of any operation/)
    },
  )
})
