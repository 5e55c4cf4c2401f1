import type { Edition } from './edition.ts'
import type { Planet } from './state.ts'

const GROWTH = { growth: 0.1, ships: 0.03, research: 0.03 } as const

/** One turn of work on an inhabited planet, and the research points that it yields. */
export function worked(edition: Edition, planet: Planet): { readonly planet: Planet; readonly research: number } {
  if (planet.ownerId === null) return { planet, research: 0 }
  const built = planet.production === 'ships' ? Math.floor(planet.population / 25) : 0
  return {
    planet: {
      ...planet,
      population: grown(edition, planet),
      ships: planet.ships + built,
    },
    research: edition.research && planet.production === 'research' ? Math.floor(planet.population / 10) : 0,
  }
}

/** Population never falls by growing, except that a capped edition brings back what 1.0.0 let overshoot. */
function grown(edition: Edition, { population, size, production }: Planet): number {
  const larger = population + Math.floor(population * GROWTH[production]) + 1
  switch (edition.growth) {
    case 'overshoots':
      return population >= size ? population : larger
    case 'capped':
      return Math.min(size, larger)
  }
}
