import type { Kysely } from 'kysely'
import type { Database } from '../../database/tables.ts'
import type { ManifestProblem } from './document.ts'
import { loadRecorded } from './store.ts'

/** One file of a watched folder, as `galaxy get manifests` shows it. */
export interface ManifestFileReport {
  readonly root: string
  readonly path: string
  /** `bad`: its last good documents are in force. `waiting`: some of its documents are gone and not deleted yet. `missing`: the file is. */
  readonly status: 'ok' | 'bad' | 'missing' | 'waiting'
  /** `Game andromeda`, `EngineVersion galaxy/1.0.0`. */
  readonly documents: readonly string[]
  readonly problems: readonly ManifestProblem[]
  /** What each vanished document waits for. */
  readonly waiting: readonly string[]
}

/** Every file of every watched folder, as the active controller last saw it. */
export async function manifestReport(db: Kysely<Database>): Promise<readonly ManifestFileReport[]> {
  const roots = await db.selectFrom('manifest_files').select('root').distinct().orderBy('root').execute()
  const reports = await Promise.all(roots.map(({ root }) => reportRoot(db, root)))
  return reports.flat()
}

async function reportRoot(db: Kysely<Database>, root: string): Promise<readonly ManifestFileReport[]> {
  const { documents, files } = await loadRecorded(db, root)
  const byPath = Map.groupBy(documents.values(), ({ path }) => path)
  return [...files]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([path, file]) => {
      const held = byPath.get(path) ?? []
      const waiting = held.flatMap(({ kind, subject, waiting: reason }) => (reason === null ? [] : [`${kind} ${subject}: ${reason}`]))
      const status = file.problems.length > 0 ? 'bad' : file.isMissing ? 'missing' : waiting.length > 0 ? 'waiting' : 'ok'
      return { root, path, status, documents: held.map(({ kind, subject }) => `${kind} ${subject}`), problems: file.problems, waiting }
    })
}
