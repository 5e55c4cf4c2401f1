import { type GameState, holdings } from './state.ts'

export type Outcome =
  | { readonly finished: false }
  | {
      readonly finished: true
      readonly winnerId: string | null
      readonly why: string
    }

/**
 * A game ends when one of several races holds all inhabited planets, when one race holds more than half of the galaxy, or at
 * the turn limit; there the larger population wins, and a tie has no winner.
 */
export function outcome({ planets, players, turn, turnLimit }: GameState): Outcome {
  const standings = players
    .map(({ id, raceName }) => ({ id, raceName, ...holdings(planets, id) }))
    .toSorted((a, b) => b.population - a.population)
  const alive = standings.filter((standing) => standing.planets > 0)
  const [last] = alive
  if (players.length > 1 && alive.length === 1 && last !== undefined) {
    return {
      finished: true,
      winnerId: last.id,
      why: `${last.raceName} is the last race standing`,
    }
  }
  const major = standings.find((standing) => standing.planets > planets.length / 2)
  if (major !== undefined) {
    return {
      finished: true,
      winnerId: major.id,
      why: `${major.raceName} holds most of the galaxy`,
    }
  }
  if (turn < turnLimit) return { finished: false }
  const [first, second] = standings
  const winner = first !== undefined && first.population > (second?.population ?? -1) ? first : null
  return {
    finished: true,
    winnerId: winner?.id ?? null,
    why: `the turn limit of ${turnLimit} is reached`,
  }
}
