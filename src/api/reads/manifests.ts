import type { Kysely } from 'kysely'
import type { Database } from '../../database/tables.ts'

/** The watched folder and its files with their problems, and the documents that vanished and wait to be deleted. */
export async function listManifests(db: Kysely<Database>) {
  const [roots, files, documents] = await Promise.all([
    db.selectFrom('manifest_roots').selectAll().orderBy('root').execute(),
    db.selectFrom('manifest_files').selectAll().orderBy('root').orderBy('path').execute(),
    db
      .selectFrom('manifest_documents')
      .select(['root', 'path', 'kind', 'name', 'missing_since', 'waiting'])
      .orderBy('root')
      .orderBy('path')
      .orderBy('line')
      .execute(),
  ])
  const held = Map.groupBy(documents, ({ root, path }) => JSON.stringify([root, path]))
  return {
    roots: roots.map(({ changed_at, ...root }) => ({ ...root, changedAt: changed_at })),
    files: files.map((file) => ({
      root: file.root,
      path: file.path,
      /** How many of its documents apply, as it is or as it last was when it was good. */
      documents: held.get(JSON.stringify([file.root, file.path]))?.length ?? 0,
      problems: file.problems,
      missingSince: file.missing_since,
      /** When its content, its problems or its absence were last found to be other than before. */
      changedAt: file.changed_at,
    })),
    waiting: documents
      .filter(({ waiting }) => waiting !== null)
      .map(({ missing_since, ...document }) => ({ ...document, missingSince: missing_since })),
  }
}
