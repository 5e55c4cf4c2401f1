import type { Player } from '../model/game.ts'
import { type Problem, problem } from './problem.ts'

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i
const MAX_RACE_NAME = 64
const RACE_NAME = `a name of 1 to ${MAX_RACE_NAME} characters without control characters or blanks at its ends`

/**
 * Players by the schema's rules, and after init by the game's: the races are fixed, only the user of a race may change.
 *
 * @param races of the initialised game, null before init
 */
export function checkPlayers(players: readonly Player[], races: readonly string[] | null): readonly Problem[] {
  const seen = new Set<string>()
  const fields = players.flatMap((player, index) => {
    const problems: Problem[] = []
    if (!UUID.test(player.userId)) problems.push(problem(`players.${index}.userId`, player.userId, 'a UUID'))
    if (!isRaceName(player.raceName)) problems.push(problem(`players.${index}.raceName`, player.raceName, RACE_NAME))
    if (seen.has(player.raceName))
      problems.push(problem(`players.${index}.raceName`, player.raceName, 'a race that no other player of this game has'))
    seen.add(player.raceName)
    return problems
  })
  return [...fields, ...(races === null ? [] : checkRaces(players, races))]
}

/** An engine that is given another one refuses its game, and "Terran " beside "Terran" is a mistake of whoever wrote it. */
function isRaceName(name: string): boolean {
  return name !== '' && name === name.trim() && [...name].length <= MAX_RACE_NAME && !/\p{Cc}/u.test(name) && name.isWellFormed()
}

function checkRaces(players: readonly Player[], races: readonly string[]): readonly Problem[] {
  const asked = new Set(players.map((player) => player.raceName))
  const isSame = asked.size === races.length && races.every((race) => asked.has(race))
  const expected = `the races ${races.join(', ')}: the game is initialised, so only the user of a race may change`
  return isSame ? [] : [problem('players', [...asked].join(', '), expected)]
}
