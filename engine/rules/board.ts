import { afterLaunch, colonistsOf, planetOf } from './orders.ts'
import type { Fleet, GameState, Planet, Player } from './state.ts'
import { flightTurns } from './technology.ts'

/** Something that happened in a turn, told to one player. */
export interface TurnEvent {
  readonly playerId: string
  readonly text: string
}

/** What a turn works on while it is resolved; lives for one call of `resolveTurn` only. */
export interface Board {
  readonly turn: number
  readonly players: ReadonlyMap<string, Player>
  readonly planets: Map<number, Planet>
  readonly underway: Fleet[]
  readonly events: TurnEvent[]
}

/** Sets the board for the turn after `state`, all ordered fleets launched. */
export function launch(state: GameState): Board {
  const board: Board = {
    turn: state.turn + 1,
    players: new Map(state.players.map((player) => [player.id, player])),
    planets: new Map(state.planets.map((planet) => [planet.id, planet])),
    underway: [...state.fleets],
    events: [],
  }
  for (const player of state.players) launchFleetsOf(board, player, state)
  return board
}

export function playerOf(board: Board, id: string): Player {
  const player = board.players.get(id)
  if (player === undefined) throw new Error(`player ${id} does not exist`)
  return player
}

export function tell(board: Board, playerId: string, text: string): void {
  board.events.push({ playerId, text })
}

/** Orders were checked against this very state when they were queued, and commands can't take ships or people away. */
function launchFleetsOf(board: Board, player: Player, state: GameState): void {
  for (const [index, order] of (state.orders[player.id] ?? []).entries()) {
    const from = planetOf(board.planets, order.from)
    const to = planetOf(board.planets, order.to)
    board.planets.set(from.id, afterLaunch(from, order))
    board.underway.push({
      id: `${board.turn}.${player.raceName}.${index}`,
      ownerId: player.id,
      ships: order.ships,
      colonists: colonistsOf(order),
      from: from.id,
      to: to.id,
      // A flight of one turn lands in the turn that launches it.
      arrivesOn: state.turn + flightTurns(player, from, to),
    })
  }
}
