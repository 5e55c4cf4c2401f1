import { type Insertable, type Kysely, sql } from 'kysely'
import { z } from 'zod'
import type { Database, ManifestDocumentsTable } from '../../database/tables.ts'
import { type ManifestDocument, type ManifestProblem, subjectOf } from './document.ts'
import { API_VERSION, gameSchema, KINDS, type ManifestKind, versionSchema } from './schema.ts'

/**
 * Which file holds which documents, as last applied: what pruning and "the last good state stays" rest on. All writes are
 * fenced by the lease (migrations/0002_controller.sql).
 */

export interface RecordedDocument {
  readonly kind: ManifestKind
  /** See `subjectOf`. */
  readonly subject: string
  readonly path: string
  readonly line: number
  /** Null when another release wrote it in a way that this one cannot read: then it is only known to be there. */
  readonly document: ManifestDocument | null
  /** When a rescan first missed it; null while a file holds it. */
  readonly missingSince: Date | null
  readonly waiting: string | null
}

export interface RecordedFile {
  readonly hash: string
  readonly problems: readonly ManifestProblem[]
  readonly isMissing: boolean
}

export interface Recorded {
  readonly documents: Map<string, RecordedDocument>
  readonly files: Map<string, RecordedFile>
}

export function keyOf(kind: ManifestKind, subject: string): string {
  return `${kind} ${subject}`
}

export async function loadRecorded(db: Kysely<Database>, root: string): Promise<Recorded> {
  const documents = await db.selectFrom('manifest_documents').selectAll().where('root', '=', root).execute()
  const files = await db.selectFrom('manifest_files').selectAll().where('root', '=', root).execute()
  return {
    documents: new Map(documents.map((row) => [`${row.kind} ${row.name}`, toRecorded(row)])),
    files: new Map(
      files.map((row) => [
        row.path,
        { hash: row.content_hash, problems: parseProblems(row.problems), isMissing: row.missing_since !== null },
      ]),
    ),
  }
}

function toRecorded(row: {
  kind: string
  name: string
  path: string
  line: number
  document: unknown
  missing_since: Date | null
  waiting: string | null
}): RecordedDocument {
  const kind = KINDS.find((known) => known === row.kind) ?? 'Game' // the column's CHECK allows no other
  const place = { path: row.path, line: row.line }
  return {
    kind,
    subject: row.name,
    ...place,
    document: parseDocument(row.document, place),
    missingSince: row.missing_since,
    waiting: row.waiting,
  }
}

const recordedSchema = z.discriminatedUnion('kind', [gameSchema, versionSchema])

function parseDocument(json: unknown, place: { readonly path: string; readonly line: number }): ManifestDocument | null {
  const { data } = recordedSchema.safeParse(json)
  if (data === undefined) return null
  const head = { name: data.metadata.name, labels: data.metadata.labels ?? {}, ...place }
  return data.kind === 'Game' ? { ...head, kind: data.kind, spec: data.spec } : { ...head, kind: data.kind, spec: data.spec }
}

const problemsSchema = z.array(
  z.object({
    file: z.string(),
    line: z.number(),
    column: z.number(),
    path: z.string(),
    found: z.string(),
    expected: z.string(),
    message: z.string(),
  }),
)

function parseProblems(json: unknown): readonly ManifestProblem[] {
  return problemsSchema.safeParse(json).data ?? []
}

/** The record of a document that is in a file and applied. */
export function recordOf(document: ManifestDocument): RecordedDocument {
  const { kind, path, line } = document
  return { kind, subject: subjectOf(document), path, line, document, missingSince: null, waiting: null }
}

export async function saveDocuments(db: Kysely<Database>, root: string, documents: readonly ManifestDocument[]): Promise<void> {
  const rows = documents.map((document): Insertable<ManifestDocumentsTable> => {
    const { kind, path, line, name, labels, spec } = document
    const json = JSON.stringify({ apiVersion: API_VERSION, kind, metadata: { name, labels }, spec })
    return { root, kind, name: subjectOf(document), path, line, document: json, missing_since: null, missing_scans: 0, waiting: null }
  })
  for (let from = 0; from < rows.length; from += ROWS_PER_STATEMENT) {
    await db
      .insertInto('manifest_documents')
      .values(rows.slice(from, from + ROWS_PER_STATEMENT))
      .onConflict((conflict) =>
        conflict.columns(['root', 'kind', 'name']).doUpdateSet((row) => ({
          path: row.ref('excluded.path'),
          line: row.ref('excluded.line'),
          document: row.ref('excluded.document'),
          missing_since: null,
          missing_scans: 0,
          waiting: null,
        })),
      )
      .execute()
  }
}

/** Nine parameters each, of the 65535 that the protocol allows. */
const ROWS_PER_STATEMENT = 1_000

/** Notes that a document is gone and what its deletion waits for; returns it so, with the time since when. */
export async function saveWaiting(
  db: Kysely<Database>,
  root: string,
  recorded: RecordedDocument,
  waiting: string,
): Promise<RecordedDocument> {
  const row = await db
    .updateTable('manifest_documents')
    .set({ missing_since: sql<Date>`coalesce(missing_since, now())`, missing_scans: sql<number>`missing_scans + 1`, waiting })
    .where('root', '=', root)
    .where('kind', '=', recorded.kind)
    .where('name', '=', recorded.subject)
    .returning('missing_since')
    .executeTakeFirst()
  return { ...recorded, missingSince: row?.missing_since ?? null, waiting }
}

export async function forgetDocument(db: Kysely<Database>, root: string, kind: ManifestKind, subject: string): Promise<void> {
  await db.deleteFrom('manifest_documents').where('root', '=', root).where('kind', '=', kind).where('name', '=', subject).execute()
}

export async function saveFile(db: Kysely<Database>, root: string, path: string, file: RecordedFile): Promise<void> {
  const columns = {
    content_hash: file.hash,
    problems: JSON.stringify(file.problems),
    missing_since: file.isMissing ? sql<Date>`now()` : null,
    missing_scans: file.isMissing ? 1 : 0,
    changed_at: sql<Date>`now()`,
  }
  await db
    .insertInto('manifest_files')
    .values({ root, path, ...columns })
    .onConflict((conflict) => conflict.columns(['root', 'path']).doUpdateSet(columns))
    .execute()
}

export async function forgetFile(db: Kysely<Database>, root: string, path: string): Promise<void> {
  await db.deleteFrom('manifest_files').where('root', '=', root).where('path', '=', path).execute()
}
