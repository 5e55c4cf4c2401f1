import type { Finding, FolderSight, Write } from './testimony.ts'
import { text } from './testimony.ts'

/**
 * S5: a state folder that was there is there, and no emptier, unless a row asked for the purge in so many words since it was seen last.
 */
export function judgeFolders(sights: readonly FolderSight[], writes: readonly Write[]): readonly Finding[] {
  const last = new Map<string, FolderSight>()
  return sights.flatMap((sight) => {
    const before = last.get(sight.game)
    last.set(sight.game, sight)
    const loss = before === undefined ? null : lossOf(before, sight)
    if (before === undefined || loss === null || isPurged(writes, sight.game, sight.realMs)) return []
    return [{ promise: 'S5', message: `the state folder of ${sight.game} ${loss}, and nobody asked for it`, seq: null } as const]
  })
}

function lossOf(before: FolderSight, after: FolderSight): string | null {
  if (before.isThere && !after.isThere) return 'is gone'
  if (before.turn === null || (after.turn ?? -1) >= before.turn) return null
  return `held turn ${before.turn} and holds ${after.turn === null ? 'no game' : `turn ${after.turn}`}`
}

/** At any time before: a purge may be carried out long after it was asked for. */
function isPurged(writes: readonly Write[], game: string, untilMs: number): boolean {
  return writes.some(
    ({ table, after, realMs }) =>
      table === 'desired_games' && realMs <= untilMs && text(after, 'game_id') === game && after?.['purge_state'] === true,
  )
}
