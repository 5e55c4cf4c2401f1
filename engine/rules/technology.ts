import type { Planet, Player } from './state.ts'

const SHIP_SPEED = 10

/** Level 1 at 100 points, 2 at 400, 3 at 900, … */
export function technologyLevel(player: Player): number {
  return Math.floor(Math.sqrt(player.technology / 100))
}

/** Strength of one ship: one tenth more for each level. */
export function shipStrength(player: Player): number {
  return 1 + technologyLevel(player) / 10
}

/** Turns that a flight takes: at least 1. */
export function flightTurns(player: Player, from: Planet, to: Planet): number {
  const distance = Math.hypot(from.x - to.x, from.y - to.y)
  return Math.max(1, Math.ceil(distance / (SHIP_SPEED + 2 * technologyLevel(player))))
}
