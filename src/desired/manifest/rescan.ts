import type { Kysely } from 'kysely'
import type { Database } from '../../database/tables.ts'
import { applyDocuments, type ApplyResult } from '../apply.ts'
import { isSame } from '../apply-plan.ts'
import type { ImagePolicy } from '../resolve-image.ts'
import { type ManifestDocument, type ManifestProblem, subjectOf } from './document.ts'
import { documentsInForce, type InForce } from './in-force.ts'
import { countManaged, inspectMissing, pruneOne, sourceOf } from './prune.ts'
import { decidePrune, type PruneMode, type PruneStep, SETTLED_AFTER_MS } from './prune-decision.ts'
import { type FolderSnapshot, type ParsedFiles, readFolder } from './snapshot.ts'
import {
  forgetDocument,
  forgetFile,
  keyOf,
  loadRecorded,
  type Recorded,
  type RecordedDocument,
  type RecordedFile,
  recordOf,
  saveDocuments,
  saveFile,
  saveWaiting,
} from './store.ts'
import { loadWatched, realFolder, saveWatched, type WatchedRoot } from './watched.ts'

export interface RescanOptions {
  readonly dir: string
  /** The watched root's name: `managed_by` is `manifest:<rootName>`. */
  readonly rootName: string
  /** Its session carries the lease. */
  readonly db: Kysely<Database>
  readonly policy: ImagePolicy
  readonly prune: PruneMode
  /** Monotonic milliseconds. */
  readonly nowMs: () => number
}

/** What the last rescan found; quiet when it equals the one before. */
export interface FolderReport {
  /** Why the folder could not be read; its games are left as they are. */
  readonly unavailable: string | null
  readonly problems: readonly ManifestProblem[]
  readonly waiting: readonly { readonly kind: ManifestDocument['kind']; readonly name: string; readonly waiting: string }[]
  /** Documents that were created, changed or refused just now. */
  readonly results: readonly ApplyResult[]
  readonly deleted: readonly string[]
  /** Whether a file was being written, so that another look is due soon. */
  readonly isMoving: boolean
}

/**
 * Makes the function that reads the folder once and enforces what it says. Its memory is the database's record, loaded at
 * the first call: the lease makes this process its only writer. A call that fails is forgotten by a fresh load.
 */
export function createRescan(options: RescanOptions): (signal: AbortSignal) => Promise<FolderReport> {
  const known: ParsedFiles = new Map()
  const missingSince = new Map<string, number>()
  let recorded: Recorded | null = null
  let watched: readonly WatchedRoot[] | null = null
  return async (signal) => {
    const memory = recorded ?? (await loadRecorded(options.db, options.rootName))
    const watchedBefore = watched ?? (await loadWatched(options.db))
    recorded = watched = null
    const snapshot = await readFolder(options.dir, options.policy, known, signal)
    const watchedNow = await rememberFolder(options, snapshot, watchedBefore)
    const report =
      snapshot.kind === 'unavailable'
        ? unavailable(snapshot.message, memory)
        : await enforce(options, snapshot, memory, missingSince, signal)
    recorded = memory
    watched = watchedNow
    return report
  }
}

async function rememberFolder(
  { db, rootName, dir }: RescanOptions,
  snapshot: FolderSnapshot,
  before: readonly WatchedRoot[],
): Promise<readonly WatchedRoot[]> {
  const problem = snapshot.kind === 'unavailable' ? snapshot.message : null
  const now: WatchedRoot = { root: rootName, dir: await realFolder(dir), problem }
  if (!isSame(before, [now])) await saveWatched(db, now)
  return [now]
}

function unavailable(message: string, memory: Recorded): FolderReport {
  return { unavailable: message, problems: [], waiting: waitingOf(memory), results: [], deleted: [], isMoving: false }
}

async function enforce(
  options: RescanOptions,
  snapshot: Extract<FolderSnapshot, { kind: 'read' }>,
  memory: Recorded,
  missingSince: Map<string, number>,
  signal: AbortSignal,
): Promise<FolderReport> {
  const inForce = documentsInForce(snapshot.files, memory.documents)
  const results = await apply(options, inForce, memory)
  signal.throwIfAborted()
  const deleted = await prune(options, inForce, memory, missingSince)
  const problems = await recordFiles(options, snapshot, inForce, results, memory)
  return {
    unavailable: null,
    problems,
    waiting: waitingOf(memory),
    results: results.filter(({ outcome }) => outcome !== 'unchanged'),
    deleted,
    isMoving: snapshot.files.some(({ kind }) => kind === 'moving'),
  }
}

async function apply({ db, rootName, policy }: RescanOptions, inForce: InForce, memory: Recorded): Promise<readonly ApplyResult[]> {
  if (inForce.documents.length === 0) return []
  const lastApplied = (document: ManifestDocument) => memory.documents.get(keyOf(document.kind, subjectOf(document)))
  const results = await applyDocuments(db, {
    documents: inForce.documents,
    source: sourceOf(rootName),
    sourceRef: ({ path, line }) => `${path}:${line}`,
    force: false,
    dryRun: false,
    policy,
    previous: (document) => lastApplied(document)?.document ?? undefined,
    alongside: (trx, document) => saveDocuments(trx, rootName, [document]),
  })
  const outcomes = inForce.documents.map((document, index) => ({ document, outcome: results[index]?.outcome }))
  const unsaved = outcomes.filter(({ document, outcome }) => outcome === 'unchanged' && !isRecorded(lastApplied(document), document))
  if (unsaved.length > 0) {
    const documents = unsaved.map(({ document }) => document)
    await saveDocuments(db, rootName, documents)
  }
  for (const { document, outcome } of outcomes) {
    if (outcome !== 'refused') memory.documents.set(keyOf(document.kind, subjectOf(document)), recordOf(document))
  }
  return results
}

function isRecorded(recorded: RecordedDocument | undefined, document: ManifestDocument): boolean {
  if (recorded === undefined || recorded.missingSince !== null || recorded.waiting !== null) return false
  return recorded.document === document || isSame(recorded, recordOf(document))
}

/** Stores what is known of each file, where that has changed; returns all problems, refusals among them. */
async function recordFiles(
  { db, rootName }: RescanOptions,
  snapshot: Extract<FolderSnapshot, { kind: 'read' }>,
  inForce: InForce,
  results: readonly ApplyResult[],
  memory: Recorded,
): Promise<readonly ManifestProblem[]> {
  const refusals = inForce.documents.flatMap((document, index) => refusalOf(document, results[index]))
  const all: ManifestProblem[] = []
  for (const file of snapshot.files) {
    const problems = [...(inForce.problems.get(file.path) ?? []), ...refusals.filter((each) => each.file === file.path)]
    all.push(...problems)
    if (file.kind === 'moving') continue
    await remember(db, rootName, memory, file.path, { hash: file.kind === 'read' ? file.hash : '', problems, isMissing: false })
  }
  const present = new Set(snapshot.files.map(({ path }) => path))
  const holders = new Set([...memory.documents.values()].map(({ path }) => path))
  for (const [path, file] of [...memory.files].filter(([each]) => !present.has(each))) {
    if (holders.has(path)) await remember(db, rootName, memory, path, { ...file, problems: [], isMissing: true })
    else {
      await forgetFile(db, rootName, path)
      memory.files.delete(path)
    }
  }
  return all
}

async function remember(db: Kysely<Database>, root: string, memory: Recorded, path: string, file: RecordedFile): Promise<void> {
  if (isSame(memory.files.get(path), file)) return
  await saveFile(db, root, path, file)
  memory.files.set(path, file)
}

function refusalOf(document: ManifestDocument, result: ApplyResult | undefined): readonly ManifestProblem[] {
  if (result?.outcome !== 'refused') return []
  const message = result.problem ?? 'refused'
  return [{ file: document.path, line: document.line, column: 1, path: '', found: '', expected: '', message }]
}

async function prune(
  options: RescanOptions,
  inForce: InForce,
  memory: Recorded,
  missingSince: Map<string, number>,
): Promise<readonly string[]> {
  const { db, rootName, nowMs } = options
  const now = nowMs()
  keepTime(missingSince, new Set(inForce.missing.map(keyOfRecorded)), now)
  if (inForce.missing.length === 0) return []

  const missing = await inspectMissing(db, rootName, inForce.missing, (each) => now - (missingSince.get(keyOfRecorded(each)) ?? now))
  const isDue = missing.some((each) => each.missingForMs >= SETTLED_AFTER_MS)
  const gamesManaged = isDue ? await countManaged(db, rootName) : 0
  const deleted: string[] = []
  for (const step of decidePrune({ mode: options.prune, missing, unsound: inForce.unsound, gamesManaged })) {
    if (await carryOut(options, step, memory)) deleted.push(keyOfRecorded(step.recorded))
  }
  return deleted
}

/** What is missed anew is missed since now; what is back was never gone. */
function keepTime(missingSince: Map<string, number>, missing: ReadonlySet<string>, now: number): void {
  for (const key of missingSince.keys()) if (!missing.has(key)) missingSince.delete(key)
  for (const key of missing) if (!missingSince.has(key)) missingSince.set(key, now)
}

/** Whether something was deleted. */
async function carryOut({ db, rootName }: RescanOptions, step: PruneStep, memory: Recorded): Promise<boolean> {
  const { recorded } = step
  const key = keyOfRecorded(recorded)
  if (step.kind === 'wait') {
    if (recorded.waiting === step.waiting) return false
    memory.documents.set(key, await saveWaiting(db, rootName, recorded, step.waiting))
    return false
  }
  if (step.kind === 'forget') await forgetDocument(db, rootName, recorded.kind, recorded.subject)
  // Another answer means that the row has changed just now: the next rescan looks again.
  else if ((await pruneOne(db, rootName, recorded)).kind !== 'deleted') return false
  memory.documents.delete(key)
  return step.kind === 'delete'
}

function keyOfRecorded({ kind, subject }: RecordedDocument): string {
  return keyOf(kind, subject)
}

function waitingOf(memory: Recorded): FolderReport['waiting'] {
  return [...memory.documents.values()].flatMap(({ kind, subject, waiting }) =>
    waiting === null ? [] : [{ kind, name: subject, waiting }],
  )
}
