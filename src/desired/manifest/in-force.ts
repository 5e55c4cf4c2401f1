import type { ManifestDocument, ManifestProblem } from './document.ts'
import { subjectOf } from './document.ts'
import { duplicatesOf } from './parse.ts'
import { type FileSnapshot, wholeFile } from './snapshot.ts'
import { keyOf, type RecordedDocument } from './store.ts'

/** What a folder asks for now. */
export interface InForce {
  /** Of good files as read, of bad ones as last applied. */
  readonly documents: readonly ManifestDocument[]
  /** By path; a file with a problem keeps its last good documents. */
  readonly problems: ReadonlyMap<string, readonly ManifestProblem[]>
  /** Documents that were applied and that no file holds any more. */
  readonly missing: readonly RecordedDocument[]
  /** Why nothing may be deleted now, null when all was read whole and valid (spec 2, "Pruning"). */
  readonly unsound: string | null
}

/** Decides which documents count, from what was read and what was applied before. */
export function documentsInForce(files: readonly FileSnapshot[], recorded: ReadonlyMap<string, RecordedDocument>): InForce {
  const recordedBy = Map.groupBy(recorded.values(), (each) => each.path)
  const problems = new Map(files.map((file) => [file.path, ownProblems(file, recordedBy.get(file.path) ?? [])]))
  const isGood = (file: FileSnapshot) => file.kind === 'read' && problems.get(file.path)?.length === 0
  const documentsOf = (file: FileSnapshot) =>
    file.kind === 'read' && isGood(file) ? file.parsed.documents : lastGood(recordedBy.get(file.path))

  const holds = (document: ManifestDocument) => recorded.get(keyOf(document.kind, subjectOf(document)))?.path === document.path
  for (const problem of duplicatesOf(files.flatMap(documentsOf), holds))
    problems.set(problem.file, [...(problems.get(problem.file) ?? []), problem])

  return {
    documents: files.flatMap(documentsOf),
    problems,
    missing: missingFrom(files, isGood, recorded),
    unsound: unsoundness(files, problems),
  }
}

function ownProblems(file: FileSnapshot, recorded: readonly RecordedDocument[]): readonly ManifestProblem[] {
  if (file.kind === 'moving') return []
  if (file.kind === 'unread') return [file.problem]
  const isEmptied = file.parsed.problems.length === 0 && file.parsed.documents.length === 0 && recorded.length > 0
  if (!isEmptied) return file.parsed.problems
  const held = recorded.map(({ kind, subject }) => `${kind} ${subject}`).join(', ')
  return [
    wholeFile(
      file.path,
      `the file holds no document any more; expected ${held.slice(0, 300)}, or no file: delete it to delete what it held`,
    ),
  ]
}

function lastGood(recorded: readonly RecordedDocument[] | undefined): readonly ManifestDocument[] {
  return (recorded ?? []).flatMap(({ document }) => document ?? [])
}

function missingFrom(
  files: readonly FileSnapshot[],
  isGood: (file: FileSnapshot) => boolean,
  recorded: ReadonlyMap<string, RecordedDocument>,
): readonly RecordedDocument[] {
  const badPaths = new Set(files.filter((file) => !isGood(file)).map(({ path }) => path))
  // What a bad file seems to hold counts too: a document that moved into it is not gone.
  const held = new Set(
    files
      .flatMap((file) => (file.kind === 'read' ? file.parsed.documents : []))
      .map((document) => keyOf(document.kind, subjectOf(document))),
  )
  return [...recorded.values()].filter(({ kind, subject, path }) => !held.has(keyOf(kind, subject)) && !badPaths.has(path))
}

function unsoundness(files: readonly FileSnapshot[], problems: ReadonlyMap<string, readonly ManifestProblem[]>): string | null {
  if (files.length === 0) return 'the folder holds no manifest at all'
  const moving = files.find((file) => file.kind === 'moving')
  if (moving !== undefined) return `${moving.path} is being written`
  const bad = files.find((file) => (problems.get(file.path)?.length ?? 0) > 0)
  return bad === undefined ? null : `${bad.path} has a problem`
}
