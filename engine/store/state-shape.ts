import type { StateFormat } from '../rules/edition.ts'
import type { Fleet, GameState, Order, Planet, Player } from '../rules/state.ts'
import { array, boolean, displayName, integer, nullable, object, oneOf, type Reader, record, text, uuid, variants } from '../shape.ts'

const amount = integer(0)
const anyText = text(/^[^\p{Cc}]{0,512}$/u, 'a text of at most 512 characters')

const MANY = 1_000_000

const orderFields = { from: amount, to: amount, ships: integer(1) }

export const orderReader: Reader<Order> = variants<Order>({
  move: object({ type: oneOf(['move']), ...orderFields }),
  attack: object({ type: oneOf(['attack']), ...orderFields }),
  colonise: object({
    type: oneOf(['colonise']),
    ...orderFields,
    colonists: integer(1),
  }),
})

const planet: Reader<Planet> = object({
  id: amount,
  name: displayName,
  x: integer(-MANY),
  y: integer(-MANY),
  size: amount,
  ownerId: nullable(uuid),
  population: amount,
  ships: amount,
  production: oneOf(['growth', 'ships', 'research']),
})

const fleet: Reader<Fleet> = object({
  id: anyText,
  ownerId: uuid,
  ships: amount,
  colonists: amount,
  from: amount,
  to: amount,
  arrivesOn: amount,
})

/** Format 1 knew no technology: everybody begins with none. */
const player1: Reader<Player> = (value, path) => ({
  ...object({ id: uuid, raceName: displayName })(value, path),
  technology: 0,
})

const player2: Reader<Player> = object({
  id: uuid,
  raceName: displayName,
  technology: amount,
})

/** Reads the state of any known format into the present shape; throws ShapeError. */
export function readState(format: StateFormat, value: unknown): GameState {
  return object({
    seed: anyText,
    turn: amount,
    turnLimit: amount,
    finished: boolean,
    winnerId: nullable(uuid),
    turnKey: nullable(anyText),
    players: array(format === 1 ? player1 : player2, MANY),
    planets: array(planet, MANY),
    fleets: array(fleet, MANY),
    orders: record(uuid, array(orderReader, MANY)),
  })(value, 'state')
}

/** The value to be written as JSON in this format. */
export function writableState(format: StateFormat, state: GameState): unknown {
  if (format === 2) return state
  return {
    ...state,
    players: state.players.map(({ id, raceName }) => ({ id, raceName })),
  }
}
