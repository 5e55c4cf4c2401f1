import type { Backoff } from './backoff.ts'
import type { Condition } from './condition.ts'
import type { AcceptedSpec } from './game.ts'

/** The controller's side of a game, apart from its record: a row of `game_status`. */
export interface GameStatus {
  readonly acceptedSpec: AcceptedSpec | null
  readonly acceptedGeneration: number | null
  readonly observedGeneration: number
  readonly handledRestartToken: string | null
  readonly handledTurnToken: string | null
  readonly conditions: readonly Condition[]
  readonly backoff: Backoff | null
  /** Which engine and version last wrote the state directory; outlives the game's removal, not a purge. */
  readonly stateEngine: string | null
  readonly stateVersion: string | null
  /** The image that last wrote it: an image of unknown version can be compared with nothing but itself. */
  readonly stateImageRef: string | null
  readonly stateIncarnation: number
  /** How the containers were last seen; null before the first look. */
  readonly observedFrom: ObservationSource | null
}

export type ObservationSource = 'event' | 'list' | 'inspect' | 'probe'

export const NEW_STATUS: GameStatus = {
  acceptedSpec: null,
  acceptedGeneration: null,
  observedGeneration: 0,
  handledRestartToken: null,
  handledTurnToken: null,
  conditions: [],
  backoff: null,
  stateEngine: null,
  stateVersion: null,
  stateImageRef: null,
  stateIncarnation: 1,
  observedFrom: null,
}
