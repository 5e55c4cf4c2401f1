import { describe, expect, it } from 'vitest'
import { fight } from '../../engine/rules/battle.ts'
import { editionOf } from '../../engine/rules/edition.ts'
import { newGame } from '../../engine/rules/new-game.ts'
import { applyCommands, queueOrders } from '../../engine/rules/orders.ts'
import { playerReport } from '../../engine/rules/report.ts'
import type { GameState, Order, Planet } from '../../engine/rules/state.ts'
import { resolveTurn } from '../../engine/rules/turn.ts'

const V110 = editionOf('1.1.0')

describe('a new game', () => {
  it('is the same galaxy for the same seed and another one for another', () => {
    expect(newGame('s', ['A', 'B'], 50)).toEqual(newGame('s', ['A', 'B'], 50))
    expect(newGame('t', ['A', 'B'], 50).planets).not.toEqual(newGame('s', ['A', 'B'], 50).planets)
  })

  it('gives every race one equal home', () => {
    const { planets, players } = newGame('s', ['A', 'B', 'C'], 50)
    for (const { id } of players) {
      expect(planets.filter((planet) => planet.ownerId === id)).toMatchObject([{ population: 100, ships: 10 }])
    }
  })
})

describe('orders', () => {
  const game = twoRaces()
  const [a, b] = playerIds(game)

  it.each<[string, Order]>([
    ['is not yours', { type: 'move', from: 1, to: 0, ships: 1 }],
    ['no possible target', { type: 'move', from: 0, to: 99, ships: 1 }],
    ['no possible target', { type: 'move', from: 0, to: 0, ships: 1 }],
    ['has 10 ships left', { type: 'attack', from: 0, to: 1, ships: 11 }],
    ['colonise or attack', { type: 'move', from: 0, to: 1, ships: 1 }],
    ['is not free', { type: 'colonise', from: 0, to: 1, ships: 1, colonists: 5 }],
    ["can't give 100", { type: 'colonise', from: 0, to: 2, ships: 1, colonists: 100 }],
    ["no enemy's", { type: 'attack', from: 0, to: 2, ships: 1 }],
  ])('that break the rules are refused: %s', (problem, order) => {
    expect(() => queueOrders(game, a, [order])).toThrow(problem)
  })

  it('can not give the same ship away twice', () => {
    const twice: Order = { type: 'attack', from: 0, to: 1, ships: 6 }
    expect(() => queueOrders(game, a, [twice, twice])).toThrow('orders[1]: planet 0 has 4 ships left')
  })

  it('replace what the player had queued and leave the others alone', () => {
    const first = queueOrders(game, a, [{ type: 'attack', from: 0, to: 1, ships: 1 }])
    const second = queueOrders(first, b, [{ type: 'attack', from: 1, to: 0, ships: 1 }])
    expect(queueOrders(second, a, []).orders).toEqual({ [a]: [], [b]: [{ type: 'attack', from: 1, to: 0, ships: 1 }] })
  })
})

describe('a turn', () => {
  it('depends on nothing but the state', () => {
    const game = queueOrders(twoRaces(), playerIds(twoRaces())[0], [{ type: 'attack', from: 0, to: 1, ships: 9 }])
    expect(resolveTurn(V110, game, null)).toEqual(resolveTurn(V110, game, null))
  })

  it('settles a free planet when the colonists arrive, and not before', () => {
    const game = twoRaces()
    const [a] = playerIds(game)
    let state = queueOrders(game, a, [{ type: 'colonise', from: 0, to: 2, ships: 2, colonists: 20 }])
    const arrival = Math.max(1, Math.ceil(distance(game, 0, 2) / 10))
    for (let turn = 1; turn < arrival; turn += 1) state = play(state)
    expect(planet(state, 2).ownerId).toBeNull()
    state = play(state)
    expect(planet(state, 2)).toMatchObject({ ownerId: a, ships: 2, population: 23 })
  })

  it('tells both sides of a battle, and each only its own things', () => {
    const game = near(twoRaces())
    const [a, b] = playerIds(game)
    const ordered = queueOrders(game, a, [{ type: 'attack', from: 0, to: 1, ships: 10 }])
    const { report } = resolveTurn(V110, ordered, null)
    expect(playerReport(report, a)).toMatchObject({ events: ['10 ships were lost over Home 2'] })
    expect(playerReport(report, b)).toMatchObject({ events: ['Home 2 beat off 10 ships; 8 of its own are left'] })
    expect(playerReport(report, a)?.planets.map(({ id }) => id)).toEqual([0])
    expect(playerReport(report, crypto.randomUUID())).toBeNull()
  })

  it('sends ships without colonists back from a planet that lost its people', () => {
    const game = near(twoRaces())
    const [a] = playerIds(game)
    const fleet = { id: 'f', ownerId: a, ships: 3, colonists: 0, from: 0, to: 2, arrivesOn: 1 }
    const { state } = resolveTurn(V110, { ...game, fleets: [fleet] }, null)
    expect(state.fleets).toMatchObject([{ from: 2, to: 0, ships: 3 }])
    expect(planet(state, 2).ownerId).toBeNull()
  })
})

describe('the end of a game', () => {
  it('comes when one race is left, and names it', () => {
    const game = withPlanet(near(twoRaces()), 1, { ships: 0, population: 10 })
    const [a] = playerIds(game)
    const { state, report } = resolveTurn(V110, queueOrders(game, a, [attackWithAll]), null)
    expect(state).toMatchObject({ finished: true, winnerId: a })
    expect(report).toMatchObject({ finished: true, winner: 'A' })
  })

  it('comes when one race holds more than half of the planets', () => {
    const game = twoRaces()
    const [a] = playerIds(game)
    const mostly = [2, 3, 4, 5, 6, 7].reduce((state, id) => withPlanet(state, id, { ownerId: a, population: 5 }), game)
    expect(play(mostly)).toMatchObject({ finished: true, winnerId: a })
  })

  it('comes at the turn limit, where the larger population wins and a tie has no winner', () => {
    const last: GameState = { ...twoRaces(), turnLimit: 1 }
    const [, b] = playerIds(last)
    expect(play(last)).toMatchObject({ finished: true, winnerId: null })
    expect(play(withPlanet(last, 1, { population: 120 }))).toMatchObject({ finished: true, winnerId: b })
  })

  it('does not come early for a race that plays alone', () => {
    expect(play(newGame('s', ['A'], 50)).finished).toBe(false)
  })
})

describe('battles', () => {
  it('leave the winner what the square law says', () => {
    const even = { attackerStrength: 1, defenderStrength: 1, population: 0 }
    expect(fight({ ...even, attackers: 10, defenders: 5 })).toEqual({ winner: 'attacker', shipsLeft: 8 })
    expect(fight({ ...even, attackers: 5, defenders: 10 })).toEqual({ winner: 'defender', shipsLeft: 9 })
    expect(fight({ ...even, attackers: 6, defenders: 5 })).toEqual({ winner: 'defender', shipsLeft: 0 })
  })
})

describe('versions', () => {
  const crowded = withPlanet(twoRaces(), 0, { population: 199 })

  it('1.0.0 lets the last step of growth overshoot the size; 1.0.1 does not, and brings an overshoot back', () => {
    const overshot = resolveTurn(editionOf('1.0.0'), crowded, null).state
    expect(planet(overshot, 0)).toMatchObject({ population: 219, size: 200 })
    expect(planet(resolveTurn(editionOf('1.0.1'), crowded, null).state, 0).population).toBe(200)
    expect(planet(resolveTurn(editionOf('1.0.1'), overshot, null).state, 0).population).toBe(200)
  })

  it('1.1.0 knows research, the older ones refuse it', () => {
    const game = twoRaces()
    const [a] = playerIds(game)
    const wish = [{ type: 'setProduction', planet: 0, production: 'research' } as const]
    expect(() => applyCommands(editionOf('1.0.1'), game, a, wish)).toThrow('engine 1.0.1 knows no research')
    const { state } = resolveTurn(V110, applyCommands(V110, game, a, wish), null)
    expect(state.players.map(({ technology }) => technology)).toEqual([10, 0])
  })
})

const attackWithAll: Order = { type: 'attack', from: 0, to: 1, ships: 10 }

function twoRaces(): GameState {
  return newGame('seed', ['A', 'B'], 50)
}

/** All planets within one turn of flight. */
function near(state: GameState): GameState {
  return { ...state, planets: state.planets.map((each) => ({ ...each, x: each.id % 4, y: 0 })) }
}

function withPlanet(state: GameState, id: number, change: Partial<Planet>): GameState {
  return { ...state, planets: state.planets.map((each) => (each.id === id ? { ...each, ...change } : each)) }
}

function play(state: GameState): GameState {
  return resolveTurn(V110, state, null).state
}

function planet(state: GameState, id: number): Planet {
  const found = state.planets.find((each) => each.id === id)
  if (found === undefined) throw new Error(`no planet ${id}`)
  return found
}

function playerIds(state: GameState): readonly [string, string] {
  const [a, b] = state.players
  if (a === undefined || b === undefined) throw new Error('two players expected')
  return [a.id, b.id]
}

function distance(state: GameState, from: number, to: number): number {
  const [a, b] = [planet(state, from), planet(state, to)]
  return Math.hypot(a.x - b.x, a.y - b.y)
}
