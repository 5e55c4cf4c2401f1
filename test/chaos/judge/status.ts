import { gameOf, isOurs } from './labels.ts'
import type { Finding, StatusSight, Testimony } from './testimony.ts'

/** Spec 6, row 19: what no event tells is found within 30 s; and a call's deadline of 30 s for the look itself. */
const BLIND_MS = 60_000

/**
 * S8: where a status says Ready while the controller vouches for its view, a container of the game runs, or did so shortly before. What is not vouched for is shown
 * as Unknown by the view, once it is too old: that is the database's own doing, by its own clock, and not judged here.
 */
export function judgeStatus(testimony: Pick<Testimony, 'entries' | 'identity'>, sights: readonly StatusSight[]): readonly Finding[] {
  return sights.flatMap(({ game, ready, atMs }) => {
    if (ready !== 'True' || ranWithin(testimony, game, atMs - BLIND_MS, atMs)) return []
    return [{ promise: 'S8', message: `${game} is said to be ready, and no container of it has run for a minute`, seq: null } as const]
  })
}

function ranWithin({ entries, identity }: Pick<Testimony, 'entries' | 'identity'>, game: string, fromMs: number, untilMs: number): boolean {
  const running = new Set<string>()
  for (const { entry } of entries) {
    const { effect, atMs } = entry
    if (atMs > untilMs) break
    if (effect.subject !== 'container') continue
    const container = effect.after ?? effect.before
    if (container === null || gameOf(container) !== game || !isOurs(container, identity)) continue
    const isRunning = effect.after !== null && effect.after.status === 'running'
    if ((isRunning || running.has(effect.id)) && atMs >= fromMs) return true
    if (isRunning) running.add(effect.id)
    else running.delete(effect.id)
  }
  return running.size > 0
}
