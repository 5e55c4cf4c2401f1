export type Production = 'growth' | 'ships' | 'research'

export interface Player {
  readonly id: string
  readonly raceName: string
  /** Points gathered by research; always 0 before 1.1.0. */
  readonly technology: number
}

export interface Planet {
  readonly id: number
  readonly name: string
  readonly x: number
  readonly y: number
  /** Population that the planet can feed. */
  readonly size: number
  readonly ownerId: string | null
  readonly population: number
  readonly ships: number
  readonly production: Production
}

export interface Fleet {
  readonly id: string
  readonly ownerId: string
  readonly ships: number
  readonly colonists: number
  readonly from: number
  readonly to: number
  readonly arrivesOn: number
}

/** Queued for the next turn. Planets are named by id. */
export type Order =
  | {
      readonly type: 'move'
      readonly from: number
      readonly to: number
      readonly ships: number
    }
  | {
      readonly type: 'attack'
      readonly from: number
      readonly to: number
      readonly ships: number
    }
  | {
      readonly type: 'colonise'
      readonly from: number
      readonly to: number
      readonly ships: number
      readonly colonists: number
    }

/** Takes effect at once, and only on the player's own planets. */
export type Command =
  | {
      readonly type: 'setProduction'
      readonly planet: number
      readonly production: Production
    }
  | {
      readonly type: 'renamePlanet'
      readonly planet: number
      readonly name: string
    }

/** All that a game is. The turn is a pure function of it, so a repeated computation gives the same result. */
export interface GameState {
  readonly seed: string
  readonly turn: number
  /** The game ends after this turn at the latest. */
  readonly turnLimit: number
  readonly finished: boolean
  readonly winnerId: string | null
  /** Idempotency key under which the present turn was computed. */
  readonly turnKey: string | null
  readonly players: readonly Player[]
  readonly planets: readonly Planet[]
  readonly fleets: readonly Fleet[]
  /** Orders for the next turn, by player id. */
  readonly orders: Readonly<Record<string, readonly Order[]>>
}

/** The answer that the engine contract calls "state" (spec 4, engine contract). */
export interface StateAnswer {
  readonly turn: number
  readonly finished: boolean
  readonly players: readonly {
    readonly id: string
    readonly raceName: string
    readonly planets: number
    readonly population: number
  }[]
}

export function stateAnswer(state: GameState): StateAnswer {
  const players = state.players.map(({ id, raceName }) => ({
    id,
    raceName,
    ...holdings(state.planets, id),
  }))
  return { turn: state.turn, finished: state.finished, players }
}

export function holdings(planets: readonly Planet[], playerId: string): { readonly planets: number; readonly population: number } {
  const own = planets.filter((planet) => planet.ownerId === playerId)
  return {
    planets: own.length,
    population: own.reduce((sum, planet) => sum + planet.population, 0),
  }
}
