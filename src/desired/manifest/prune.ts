import type { Kysely } from 'kysely'
import type { Database } from '../../database/tables.ts'
import { planVersion } from '../apply-plan.ts'
import { type DeleteAnswer, deleteGame } from '../delete-game.ts'
import { readDesired, readVersions } from '../rows.ts'
import { versionUsers } from '../version-row.ts'
import { orRefusal, type Refusal, writeAs } from '../writer.ts'
import type { MissingDocument, MissingSubject } from './prune-decision.ts'
import { forgetDocument, keyOf, loadRecorded, type RecordedDocument } from './store.ts'

export function sourceOf(root: string): string {
  return `manifest:${root}`
}

/** What became of everything that misses its document. Reads only. */
export async function inspectMissing(
  db: Kysely<Database>,
  root: string,
  missing: readonly RecordedDocument[],
  missingForMs: (recorded: RecordedDocument) => number,
): Promise<readonly MissingDocument[]> {
  const games = missing.filter(({ kind }) => kind === 'Game').map(({ subject }) => subject)
  const rows = games.length === 0 ? [] : (await readDesired(db, games)).games
  const owned = new Set(rows.filter((row) => row.deletedAt === null && row.managedBy === sourceOf(root)).map(({ gameId }) => gameId))
  const inspected: MissingDocument[] = []
  for (const recorded of missing) {
    const subject: MissingSubject =
      recorded.kind === 'Game' ? { kind: owned.has(recorded.subject) ? 'owned' : 'gone' } : await inspectVersion(db, recorded)
    inspected.push({ recorded, subject, missingForMs: missingForMs(recorded) })
  }
  return inspected
}

/** A version that somebody changed since is theirs now. */
async function inspectVersion(db: Kysely<Database>, { subject, document }: RecordedDocument): Promise<MissingSubject> {
  const { versions } = await readVersions(db)
  const row = versions.find(({ engine, version }) => `${engine}/${version}` === subject)
  if (row === undefined || document?.kind !== 'EngineVersion' || planVersion(document, row).changes.length > 0) return { kind: 'gone' }
  const users = await versionUsers(db, row.engine, row.version)
  return users.length === 0 ? { kind: 'owned' } : { kind: 'in_use', by: users.join(', ').slice(0, 300) }
}

/** How many games a root manages that are not on their way out. */
export async function countManaged(db: Kysely<Database>, root: string): Promise<number> {
  const { count } = await db
    .selectFrom('desired_games')
    .select((row) => row.fn.countAll<number>().as('count'))
    .where('managed_by', '=', sourceOf(root))
    .where('deleted_at', 'is', null)
    .executeTakeFirstOrThrow()
  return count
}

export type PruneAnswer = DeleteAnswer | Refusal

/** Deletes what a vanished document asked for, and forgets the document in the same transaction. Needs the lease. */
export async function pruneOne(db: Kysely<Database>, root: string, recorded: RecordedDocument): Promise<PruneAnswer> {
  const { kind, subject } = recorded
  return deleteSubject(db, root, recorded, vanished(root, recorded), (trx) => forgetDocument(trx, root, kind, subject))
}

type Alongside = NonNullable<Parameters<typeof deleteGame>[1]['alongside']>

async function deleteSubject(
  db: Kysely<Database>,
  root: string,
  recorded: RecordedDocument,
  sourceRef: string,
  alongside?: Alongside,
): Promise<PruneAnswer> {
  const writer = { source: sourceOf(root), sourceRef }
  if (recorded.kind === 'Game') {
    const request = { ...writer, gameId: recorded.subject, purge: false, onlyIfManagedBy: writer.source }
    return deleteGame(db, alongside === undefined ? request : { ...request, alongside })
  }
  return orRefusal(() =>
    writeAs(db, writer, async (trx): Promise<PruneAnswer> => {
      const [engine = '', version = ''] = recorded.subject.split('/')
      const { numDeletedRows } = await trx
        .deleteFrom('engine_versions')
        .where('engine', '=', engine)
        .where('version', '=', version)
        .executeTakeFirst()
      await alongside?.(trx)
      return numDeletedRows === 0n ? { kind: 'not_found' } : { kind: 'deleted' }
    }),
  )
}

/** What the operation log says of who asked: `manifests/a.yaml document Game/a, gone since 2026-11-21T04:00:00.000Z`. */
function vanished(root: string, { kind, subject, path, missingSince }: RecordedDocument): string {
  const since = missingSince === null ? '' : `, gone since ${missingSince.toISOString()}`
  return `${root}/${path} document ${kind}/${subject}${since}`
}

export interface ConfirmedPrune {
  readonly kind: RecordedDocument['kind']
  readonly name: string
  readonly answer: PruneAnswer
}

/**
 * Deletes everything whose document is gone, whatever it waits for: `galaxy prune --confirm`. Needs no lease; the watched
 * folder forgets the documents at its next rescan.
 *
 * @param root null for all
 * @param askedBy who says yes, for the operation log
 */
export async function confirmPrune(db: Kysely<Database>, root: string | null, askedBy: string): Promise<readonly ConfirmedPrune[]> {
  const rows = await db
    .selectFrom('manifest_documents')
    .select('root')
    .distinct()
    .where('missing_since', 'is not', null)
    .orderBy('root')
    .execute()
  const answers: ConfirmedPrune[] = []
  for (const { root: each } of rows.filter((row) => root === null || row.root === root)) {
    const { documents } = await loadRecorded(db, each)
    // Games first: a version goes only when nobody desires it.
    const missing = [...documents.values()]
      .filter(({ missingSince }) => missingSince !== null)
      .sort((a, b) => (keyOf(b.kind, b.subject) < keyOf(a.kind, a.subject) ? -1 : 1))
    for (const recorded of missing) {
      const answer = await deleteSubject(db, each, recorded, `${vanished(each, recorded)}, confirmed by ${askedBy}`)
      answers.push({ kind: recorded.kind, name: recorded.subject, answer })
    }
  }
  return answers
}
