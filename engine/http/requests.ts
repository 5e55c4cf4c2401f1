import { array, displayName, integer, object, oneOf, type Reader, ShapeError, text, uuid, variants } from '../shape.ts'
import type { Command } from '../rules/state.ts'
import { orderReader } from '../store/state-shape.ts'

const RACES_AT_MOST = 100
const WISHES_AT_MOST = 500

const races = array(object({ raceName: displayName }), RACES_AT_MOST)

export const initRequest = object({
  races: (value, path) => {
    const names = races(value, path).map((race) => race.raceName)
    if (names.length === 0) throw new ShapeError(`${path}: at least one race is needed`)
    if (new Set(names).size < names.length) throw new ShapeError(`${path}: race names must differ`)
    return names
  },
})

export const turnRequest = object({ turn: integer(1) })

export const ordersRequest = object({
  actor: uuid,
  orders: array(orderReader, WISHES_AT_MOST),
})

const command: Reader<Command> = variants<Command>({
  setProduction: object({
    type: oneOf(['setProduction']),
    planet: integer(0),
    production: oneOf(['growth', 'ships', 'research']),
  }),
  renamePlanet: object({
    type: oneOf(['renamePlanet']),
    planet: integer(0),
    name: displayName,
  }),
})

export const commandsRequest = object({
  actor: uuid,
  commands: array(command, WISHES_AT_MOST),
})

/** Opaque to the engine; the controller sends `{game_id}:{incarnation}:{turn}`. */
export const idempotencyKey = text(/^[\x21-\x7e]{1,256}$/, '1 to 256 printable ASCII characters')
