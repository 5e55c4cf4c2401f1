import { landFleets } from './arrival.ts'
import { type Board, launch, tell } from './board.ts'
import { worked } from './economy.ts'
import type { Edition } from './edition.ts'
import { type TurnReport, turnReport } from './report.ts'
import type { GameState } from './state.ts'
import { outcome } from './victory.ts'

/** Computes the next turn: launches, landings and battles, work on the planets, the end of the game. Pure. */
export function resolveTurn(
  edition: Edition,
  state: GameState,
  turnKey: string | null,
): { readonly state: GameState; readonly report: TurnReport } {
  const board = launch(state)
  landFleets(board)
  const research = workPlanets(edition, board)
  const played: GameState = {
    ...state,
    turn: board.turn,
    turnKey,
    players: state.players.map((player) => ({
      ...player,
      technology: player.technology + (research.get(player.id) ?? 0),
    })),
    planets: [...board.planets.values()],
    fleets: board.underway,
    orders: {},
  }
  const ended = judged(board, played)
  return { state: ended, report: turnReport(ended, board.events) }
}

/** Returns the research points by player. */
function workPlanets(edition: Edition, board: Board): ReadonlyMap<string, number> {
  const research = new Map<string, number>()
  for (const before of board.planets.values()) {
    const { planet, research: points } = worked(edition, before)
    board.planets.set(planet.id, planet)
    if (planet.ownerId !== null) research.set(planet.ownerId, (research.get(planet.ownerId) ?? 0) + points)
  }
  return research
}

function judged(board: Board, state: GameState): GameState {
  const end = outcome(state)
  if (!end.finished) return state
  for (const player of state.players) tell(board, player.id, `The game is over: ${end.why}`)
  return { ...state, finished: true, winnerId: end.winnerId }
}
