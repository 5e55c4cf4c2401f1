import { randomFrom, uuidFrom } from './random.ts'
import type { GameState, Planet, Player } from './state.ts'

const PLANETS_PER_RACE = 6
const SYLLABLES = ['ar', 'be', 'ca', 'dor', 'el', 'fen', 'ga', 'hy', 'ix', 'jo', 'ka', 'lu', 'mi', 'no', 'or', 'pra']

/** Lays out the galaxy of turn 0: a pure function of seed and race names. */
export function newGame(seed: string, raceNames: readonly string[], turnLimit: number): GameState {
  const players = raceNames.map((raceName) => ({
    id: uuidFrom(seed, raceName),
    raceName,
    technology: 0,
  }))
  return {
    seed,
    turn: 0,
    turnLimit,
    finished: false,
    winnerId: null,
    turnKey: null,
    players,
    planets: layOut(seed, players),
    fleets: [],
    orders: {},
  }
}

function layOut(seed: string, players: readonly Player[]): readonly Planet[] {
  const random = randomFrom(seed)
  const count = players.length * PLANETS_PER_RACE
  const side = Math.ceil(Math.sqrt(count) * 10)
  const homes = players.map((player, index) => home(index, player.id, (index / players.length) * 2 * Math.PI, side))
  const wilds = Array.from({ length: count - homes.length }, (_, index) => wild(homes.length + index, random, side))
  return [...homes, ...wilds]
}

/** Homes lie evenly on a circle, so that no race begins nearer to the others. */
function home(id: number, ownerId: string, angle: number, side: number): Planet {
  const x = Math.round(side / 2 + Math.cos(angle) * side * 0.4)
  const y = Math.round(side / 2 + Math.sin(angle) * side * 0.4)
  const name = `Home ${id + 1}`
  return {
    id,
    name,
    x,
    y,
    size: 200,
    ownerId,
    population: 100,
    ships: 10,
    production: 'growth',
  }
}

function wild(id: number, random: () => number, side: number): Planet {
  const name = [syllable(random), syllable(random), syllable(random)].join('')
  return {
    id,
    name: name.charAt(0).toUpperCase() + name.slice(1),
    x: Math.floor(random() * side),
    y: Math.floor(random() * side),
    size: 40 + Math.floor(random() * 121),
    ownerId: null,
    population: 0,
    ships: 0,
    production: 'growth',
  }
}

function syllable(random: () => number): string {
  return SYLLABLES[Math.floor(random() * SYLLABLES.length)] ?? ''
}
