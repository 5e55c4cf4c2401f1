/** Strengths are ships × strength of one ship. */
export interface Sides {
  readonly attackers: number
  readonly attackerStrength: number
  readonly defenders: number
  readonly defenderStrength: number
  /** Fights for the planet: 20 heads are as good as one ship. */
  readonly population: number
}

export type BattleResult =
  | { readonly winner: 'attacker'; readonly shipsLeft: number }
  | { readonly winner: 'defender'; readonly shipsLeft: number }

const GROUND_ADVANTAGE = 1.2

/**
 * Lanchester's square law: the winner keeps √(1 − (loser/winner)²) of its ships, and an attacker that wins keeps at least one.
 * A draw holds the planet. No chance is involved.
 */
export function fight(sides: Sides): BattleResult {
  const attack = sides.attackers * sides.attackerStrength
  const defence = sides.defenders * sides.defenderStrength * GROUND_ADVANTAGE + sides.population / 20
  if (attack > defence) {
    return {
      winner: 'attacker',
      shipsLeft: Math.max(1, Math.floor(sides.attackers * keptShare(defence / attack))),
    }
  }
  return {
    winner: 'defender',
    shipsLeft: Math.floor(sides.defenders * keptShare(attack / defence)),
  }
}

function keptShare(ratio: number): number {
  return Math.sqrt(1 - ratio ** 2)
}
