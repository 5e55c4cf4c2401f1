import type { Kysely } from 'kysely'
import type { Database } from '../../database/tables.ts'

/** The watched files with their problems, and the documents that vanished and wait to be deleted. */
export async function listManifests(db: Kysely<Database>) {
  const [files, documents] = await Promise.all([
    db.selectFrom('manifest_files').selectAll().orderBy('root').orderBy('path').execute(),
    db
      .selectFrom('manifest_documents')
      .select(['root', 'path', 'kind', 'name', 'missing_since', 'waiting'])
      .orderBy('root')
      .orderBy('path')
      .orderBy('line')
      .execute(),
  ])
  return {
    files: files.map((file) => ({
      root: file.root,
      path: file.path,
      documents: documents.filter(({ root, path }) => root === file.root && path === file.path).length,
      problems: file.problems,
      missingSince: file.missing_since,
      readAt: file.read_at,
    })),
    waiting: documents
      .filter(({ waiting }) => waiting !== null)
      .map(({ missing_since, ...document }) => ({ ...document, missingSince: missing_since })),
  }
}
