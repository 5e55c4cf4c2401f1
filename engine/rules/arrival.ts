import { fight } from './battle.ts'
import { type Board, playerOf, tell } from './board.ts'
import { planetOf } from './orders.ts'
import type { Fleet, Planet } from './state.ts'
import { flightTurns, shipStrength } from './technology.ts'

/** Lands every fleet that is due, in an order that depends on the state alone. */
export function landFleets(board: Board): void {
  const due = board.underway.filter((fleet) => fleet.arrivesOn <= board.turn)
  const flying = board.underway.filter((fleet) => fleet.arrivesOn > board.turn)
  board.underway.splice(0, board.underway.length, ...flying)
  for (const fleet of due.toSorted((a, b) => landingOrder(board, a, b))) land(board, fleet)
}

/** The owner's reinforcements come first, then the strongest fleet; names settle the rest. */
function landingOrder(board: Board, a: Fleet, b: Fleet): number {
  return guestRank(board, a) - guestRank(board, b) || b.ships - a.ships || (a.id < b.id ? -1 : 1)
}

function guestRank(board: Board, fleet: Fleet): number {
  return planetOf(board.planets, fleet.to).ownerId === fleet.ownerId ? 0 : 1
}

function land(board: Board, fleet: Fleet): void {
  const planet = planetOf(board.planets, fleet.to)
  if (planet.ownerId === fleet.ownerId) reinforce(board, fleet, planet)
  else if (planet.ownerId !== null) invade(board, fleet, planet, planet.ownerId)
  else if (fleet.colonists > 0) settle(board, fleet, planet)
  else turnBack(board, fleet, planet)
}

function reinforce(board: Board, fleet: Fleet, planet: Planet): void {
  const { ships, population } = planet
  board.planets.set(planet.id, {
    ...planet,
    ships: ships + fleet.ships,
    population: population + fleet.colonists,
  })
  tell(board, fleet.ownerId, `${fleet.ships} ships landed on ${planet.name}`)
}

function settle(board: Board, fleet: Fleet, planet: Planet): void {
  const { ownerId, ships, colonists } = fleet
  board.planets.set(planet.id, {
    ...planet,
    ownerId,
    ships,
    population: colonists,
    production: 'growth',
  })
  tell(board, ownerId, `${planet.name} was settled by ${colonists} colonists`)
}

/** Ships without colonists can't hold a free planet. */
function turnBack(board: Board, fleet: Fleet, planet: Planet): void {
  const home = planetOf(board.planets, fleet.from)
  const arrivesOn = board.turn + flightTurns(playerOf(board, fleet.ownerId), planet, home)
  board.underway.push({ ...fleet, from: planet.id, to: home.id, arrivesOn })
  tell(board, fleet.ownerId, `${fleet.ships} ships found ${planet.name} deserted and turned back to ${home.name}`)
}

function invade(board: Board, fleet: Fleet, planet: Planet, defenderId: string): void {
  const result = fight({
    attackers: fleet.ships,
    attackerStrength: shipStrength(playerOf(board, fleet.ownerId)),
    defenders: planet.ships,
    defenderStrength: shipStrength(playerOf(board, defenderId)),
    population: planet.population,
  })
  const ships = result.shipsLeft
  if (result.winner === 'defender') {
    board.planets.set(planet.id, { ...planet, ships })
    tell(board, fleet.ownerId, `${fleet.ships} ships were lost over ${planet.name}`)
    tell(board, defenderId, `${planet.name} beat off ${fleet.ships} ships; ${ships} of its own are left`)
    return
  }
  const population = Math.max(1, Math.floor(planet.population / 2) + fleet.colonists)
  board.planets.set(planet.id, {
    ...planet,
    ownerId: fleet.ownerId,
    ships,
    population,
    production: 'growth',
  })
  tell(board, fleet.ownerId, `${planet.name} was conquered; ${ships} ships are left`)
  tell(board, defenderId, `${planet.name} was lost`)
}
