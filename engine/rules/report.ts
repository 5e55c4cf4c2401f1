import type { TurnEvent } from './board.ts'
import type { Fleet, GameState, Planet, Player } from './state.ts'
import { technologyLevel } from './technology.ts'

/** Everybody's reports of one turn. The star chart is common, so it is kept once. */
export interface TurnReport {
  readonly turn: number
  readonly finished: boolean
  readonly winner: string | null
  readonly chart: readonly ChartEntry[]
  readonly players: Readonly<Record<string, PrivatePart>>
}

/** What everybody may know of a planet. */
interface ChartEntry {
  readonly id: number
  readonly name: string
  readonly x: number
  readonly y: number
  readonly size: number
  readonly owner: string | null
}

interface PrivatePart {
  readonly raceName: string
  readonly technologyLevel: number
  readonly planets: readonly Planet[]
  readonly fleets: readonly Fleet[]
  readonly events: readonly string[]
}

export type PlayerReport = Omit<TurnReport, 'players'> & PrivatePart

export function turnReport(state: GameState, events: readonly TurnEvent[]): TurnReport {
  const raceNames = new Map(state.players.map((player) => [player.id, player.raceName]))
  return {
    turn: state.turn,
    finished: state.finished,
    winner: state.winnerId === null ? null : (raceNames.get(state.winnerId) ?? null),
    chart: state.planets.map(({ id, name, x, y, size, ownerId }) => {
      return {
        id,
        name,
        x,
        y,
        size,
        owner: ownerId === null ? null : (raceNames.get(ownerId) ?? null),
      }
    }),
    players: Object.fromEntries(state.players.map((player) => [player.id, privatePart(state, player, events)])),
  }
}

/** One player's view, or null for somebody who does not play. */
export function playerReport(report: TurnReport, playerId: string): PlayerReport | null {
  const { players, ...common } = report
  const own = players[playerId]
  return own === undefined ? null : { ...common, ...own }
}

function privatePart(state: GameState, player: Player, events: readonly TurnEvent[]): PrivatePart {
  return {
    raceName: player.raceName,
    technologyLevel: technologyLevel(player),
    planets: state.planets.filter((planet) => planet.ownerId === player.id),
    fleets: state.fleets.filter((fleet) => fleet.ownerId === player.id),
    events: events.filter((event) => event.playerId === player.id).map((event) => event.text),
  }
}
