import { objectOf, refuse, textOf } from './check-value.ts'

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i
const MAX_RACE_NAME = 64
const RACE_NAME = `a name of 1 to ${MAX_RACE_NAME} characters without control characters or blanks at its ends`

/** Players by the schema's rules (`galaxy_valid_players`) and the engines'. That after init only the user of a race may change, the controller holds. */
export function checkPlayers(value: unknown, field: string): void {
  const players: unknown = value
  if (!Array.isArray(players)) refuse(field, players, 'a list of {userId, raceName}')
  const races = new Map<string, number>()
  for (const [index, player] of players.entries()) {
    const path = `${field}[${index}]`
    const { userId, raceName } = objectOf(player, path, ['userId', 'raceName'], '{userId, raceName}')
    if (!UUID.test(textOf(userId, `${path}.userId`, 'a UUID'))) refuse(`${path}.userId`, userId, 'a UUID')
    const race = textOf(raceName, `${path}.raceName`, RACE_NAME)
    if (race === '' || race !== race.trim() || /\p{Cc}/u.test(race) || [...race].length > MAX_RACE_NAME)
      refuse(`${path}.raceName`, raceName, RACE_NAME)
    const earlier = races.get(race)
    if (earlier !== undefined) refuse(`${path}.raceName`, raceName, `a race other than that of ${field}[${earlier}]`)
    races.set(race, index)
  }
}
