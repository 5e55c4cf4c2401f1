import { type Container, isAlive } from '../world/container.ts'
import type { Entry } from '../world/history.ts'

/** A moment at which a second container began to run on a folder of the host that one ran on already (S1). */
export interface Overlap {
  readonly folder: string
  readonly running: readonly string[]
  readonly began: string
  readonly seq: number
  readonly atMs: number
  readonly callId: number
}

/** Judged by the history alone, from writable bind mounts and starts and ends; labels don't count. */
export function overlaps(entries: readonly Entry[]): readonly Overlap[] {
  const found: Overlap[] = []
  const users = new Map<string, Set<string>>()
  for (const { seq, atMs, origin, effect } of entries) {
    if (effect.subject !== 'container') continue
    const wasAlive = effect.before !== null && isAlive(effect.before)
    const isAliveNow = effect.after !== null && isAlive(effect.after)
    for (const folder of foldersOf(effect.after ?? effect.before)) {
      const running = users.get(folder) ?? new Set()
      users.set(folder, running)
      if (isAliveNow && !wasAlive && running.size > 0) {
        found.push({ folder, running: [...running], began: effect.id, seq, atMs, callId: origin.callId })
      }
      if (isAliveNow) running.add(effect.id)
      else running.delete(effect.id)
    }
  }
  return found
}

function foldersOf(container: Container | null): readonly string[] {
  return (container?.mounts ?? []).filter(({ isReadOnly }) => !isReadOnly).map(({ source }) => source)
}
