/** What an engine of protocol `galaxy` says of its game (spec 4, "Engine contract"). */
export interface EngineState {
  /** Turns computed so far; 0 right after init. */
  readonly turn: number
  readonly finished: boolean
  readonly players: readonly EnginePlayer[]
}

export interface EnginePlayer {
  /** The engine's own id of the player. */
  readonly id: string
  readonly raceName: string
  readonly planets: number
  readonly population: number
}

/** Which user plays which race, and who that is to the engine. */
export interface PlayerMapping {
  readonly raceName: string
  readonly userId: string
  readonly enginePlayerId: string
}

/** The most there ever were, by the engine's player id, over the game's life. */
export type Maxima = Readonly<Record<string, { readonly planets: number; readonly population: number }>>
