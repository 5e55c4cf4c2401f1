import { realpath } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import { type Kysely, sql } from 'kysely'
import type { Database } from '../../database/tables.ts'
import { hashOf, isWatchedPath, readWhole } from './files.ts'

/** The folder that the active controller watches, as it last found it. */
export interface WatchedRoot {
  /** Its name: `managed_by` is `manifest:<root>`. */
  readonly root: string
  /** Real path; the configured one while it is not there. */
  readonly dir: string
  /** Why it cannot be read; null when it can. */
  readonly problem: string | null
}

export async function loadWatched(db: Kysely<Database>): Promise<readonly WatchedRoot[]> {
  return db.selectFrom('manifest_roots').select(['root', 'dir', 'problem']).orderBy('root').execute()
}

/** The one root of the active controller; what was watched before no longer is. Fenced by the lease. */
export async function saveWatched(db: Kysely<Database>, watched: WatchedRoot): Promise<void> {
  const row = { ...watched, changed_at: sql<Date>`now()` }
  await db.deleteFrom('manifest_roots').where('root', '!=', watched.root).execute()
  await db
    .insertInto('manifest_roots')
    .values(row)
    .onConflict((conflict) => conflict.column('root').doUpdateSet(row))
    .execute()
}

/** A folder's path with its links followed; as given while it leads nowhere. */
export async function realFolder(dir: string): Promise<string> {
  return realpath(dir).catch(() => dir)
}

export interface WatchedPlace {
  readonly root: string
  /** Relative to the root, with slashes, as the rescan names it. */
  readonly path: string
}

/**
 * Which watched file somebody was speaking of; null when it is none.
 *
 * @param location absolute, its folder's links followed, on the caller's machine: equal content on this one shows that it
 *   is the same file
 */
export async function watchedPlace(location: string, text: string, roots: readonly WatchedRoot[]): Promise<WatchedPlace | null> {
  for (const { root, dir } of roots) {
    const path = relative(dir, location).split(sep).join('/')
    if (!isWatchedPath(path)) continue
    const reading = await readWhole(join(dir, path))
    if (reading.kind === 'whole' && reading.hash === hashOf(text)) return { root, path }
  }
  return null
}
