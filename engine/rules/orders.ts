import type { Edition } from './edition.ts'
import type { Command, GameState, Order, Planet } from './state.ts'

/** A wish that is well-formed and against the rules. `message` is for the player. */
export class RuleError extends Error {
  override readonly name = 'RuleError'
}

/**
 * Replaces what the player had queued for the next turn.
 * All or nothing: one order against the rules throws {@link RuleError} and none is queued.
 */
export function queueOrders(state: GameState, playerId: string, orders: readonly Order[]): GameState {
  const left = new Map(state.planets.map((planet) => [planet.id, planet]))
  for (const [index, order] of orders.entries()) {
    const problem = orderProblem(left, playerId, order)
    if (problem !== null) throw new RuleError(`orders[${index}]: ${problem}`)
    const from = planetOf(left, order.from)
    left.set(order.from, afterLaunch(from, order))
  }
  return { ...state, orders: { ...state.orders, [playerId]: orders } }
}

/** What remains on a planet when the order's fleet has left it. */
export function afterLaunch(planet: Planet, order: Order): Planet {
  return {
    ...planet,
    ships: planet.ships - order.ships,
    population: planet.population - colonistsOf(order),
  }
}

export function colonistsOf(order: Order): number {
  return order.type === 'colonise' ? order.colonists : 0
}

/** Carries out commands at once, all or none; throws {@link RuleError}. */
export function applyCommands(edition: Edition, state: GameState, playerId: string, commands: readonly Command[]): GameState {
  const planets = new Map(state.planets.map((planet) => [planet.id, planet]))
  for (const [index, command] of commands.entries()) {
    const planet = planets.get(command.planet)
    if (planet?.ownerId !== playerId) throw new RuleError(`commands[${index}]: planet ${command.planet} is not yours`)
    if (command.type === 'setProduction' && command.production === 'research' && !edition.research) {
      throw new RuleError(`commands[${index}]: engine ${edition.version} knows no research`)
    }
    planets.set(planet.id, commanded(planet, command))
  }
  return { ...state, planets: [...planets.values()] }
}

function commanded(planet: Planet, command: Command): Planet {
  switch (command.type) {
    case 'setProduction':
      return { ...planet, production: command.production }
    case 'renamePlanet':
      return { ...planet, name: command.name }
  }
}

function orderProblem(planets: ReadonlyMap<number, Planet>, playerId: string, order: Order): string | null {
  const from = planets.get(order.from)
  const to = planets.get(order.to)
  if (from?.ownerId !== playerId) return `planet ${order.from} is not yours`
  if (to === undefined || to.id === from.id) return `planet ${order.to} is no possible target`
  if (order.ships > from.ships) return `planet ${from.id} has ${from.ships} ships left, not ${order.ships}`
  if (colonistsOf(order) >= from.population) return `planet ${from.id} can't give ${colonistsOf(order)} colonists`
  return targetProblem(to, playerId, order)
}

function targetProblem(to: Planet, playerId: string, order: Order): string | null {
  switch (order.type) {
    case 'move':
      return to.ownerId === playerId ? null : `planet ${to.id} is not yours: colonise or attack it`
    case 'colonise':
      return to.ownerId === null ? null : `planet ${to.id} is not free`
    case 'attack':
      return to.ownerId === null || to.ownerId === playerId ? `planet ${to.id} is no enemy's` : null
  }
}

/** For ids that an earlier check has found; anything else is a bug. */
export function planetOf(planets: ReadonlyMap<number, Planet>, id: number): Planet {
  const planet = planets.get(id)
  if (planet === undefined) throw new Error(`planet ${id} does not exist`)
  return planet
}
