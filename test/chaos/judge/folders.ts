import type { Finding, FolderSight, Write } from './testimony.ts'
import { wishesOf } from './wishes.ts'

/**
 * S5: a state folder that was there is there, and no emptier, unless a row asked for the purge in so many words meanwhile.
 */
export function judgeFolders(sights: readonly FolderSight[], writes: readonly Write[]): readonly Finding[] {
  const last = new Map<string, FolderSight>()
  return sights.flatMap((sight) => {
    const before = last.get(sight.game)
    last.set(sight.game, sight)
    const loss = before === undefined ? null : lossOf(before, sight)
    if (before === undefined || loss === null || isPurged(writes, before, sight)) return []
    return [{ promise: 'S5', message: `the state folder of ${sight.game} ${loss}, and nobody asked for it`, seq: null } as const]
  })
}

function lossOf(before: FolderSight, after: FolderSight): string | null {
  if (before.isThere && !after.isThere) return 'is gone'
  if (before.turn === null || (after.turn ?? -1) >= before.turn) return null
  return `held turn ${before.turn} and holds ${after.turn === null ? 'no game' : `turn ${after.turn}`}`
}

/** While the row is there: the folder goes before it, and a row that was inserted anew asks for no purge. */
function isPurged(writes: readonly Write[], before: FolderSight, after: FolderSight): boolean {
  return wishesOf(writes, after.game).some(
    ({ row, fromMs, untilMs }) =>
      fromMs <= after.realMs && untilMs >= before.realMs && row?.['purge_state'] === true && row['deleted_at'] !== null,
  )
}
