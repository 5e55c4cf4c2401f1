import type { Entry } from './history.ts'
import { World } from './world.ts'

/** The world as it was at some time: every effect up to then, made again. */
export function worldAt(entries: readonly Entry[], atMs: number): World {
  const world = new World()
  for (const entry of entries) {
    if (entry.atMs > atMs) break
    world.apply(entry.effect)
  }
  return world
}
