import { setImmediate as nextTurn } from 'node:timers/promises'
import { Composer, type Document, LineCounter, Parser, type YAMLError } from 'yaml'
import type { ImagePolicy } from '../resolve-image.ts'
import { checkDocument } from './check.ts'
import { type ManifestDocument, type ManifestProblem, subjectOf } from './document.ts'
import { type FieldProblem, fieldProblem, valueAt } from './issues.ts'
import { readYaml, type YamlValue } from './yaml-value.ts'

export interface ParsedManifest {
  readonly documents: readonly ManifestDocument[]
  readonly problems: readonly ManifestProblem[]
}

/** Larger files are refused unread. */
export const MAX_FILE_BYTES = 1024 ** 2
const MAX_DOCUMENT_CHARACTERS = 256 * 1024
/** More problems of one document say nothing new. */
const MAX_PROBLEMS = 20

/**
 * Reads multi-document YAML. All problems are told, each with line and column; a document with a problem is not among
 * `documents`, and whether the rest of its file may be used is the caller's to decide. Empty documents are skipped.
 *
 * @param path what messages call the file
 */
export function parseManifest(text: string, path: string, policy: ImagePolicy): ParsedManifest {
  const steps = parseSteps(text, path, policy)
  let step = steps.next()
  while (step.done !== true) step = steps.next()
  return step.value
}

/** How long the event loop may be kept: leases are renewed and games looked at meanwhile. */
const SLICE_MS = 10

/** The same for large files: yields to other work every few milliseconds. @throws the signal's reason */
export async function parseManifestPatiently(
  text: string,
  path: string,
  policy: ImagePolicy,
  signal: AbortSignal,
): Promise<ParsedManifest> {
  const steps = parseSteps(text, path, policy)
  let sliceEnd = performance.now() + SLICE_MS
  for (;;) {
    const step = steps.next()
    if (step.done === true) return step.value
    if (performance.now() < sliceEnd) continue
    signal.throwIfAborted()
    await nextTurn()
    sliceEnd = performance.now() + SLICE_MS
  }
}

function* parseSteps(text: string, path: string, policy: ImagePolicy): Generator<void, ParsedManifest> {
  const documents: ManifestDocument[] = []
  const problems: ManifestProblem[] = []
  const lines = new LineCounter()
  const place = { path, at: (offset: number) => lines.linePos(offset) }
  if (Buffer.byteLength(text) > MAX_FILE_BYTES) return { documents, problems: [tooLarge(path, Buffer.byteLength(text))] }
  for (const document of compose(text, lines, problems, place)) {
    yield
    const outcome = parseDocument(document, place, policy)
    documents.push(...outcome.documents)
    problems.push(...outcome.problems)
  }
  return { documents, problems: [...problems, ...duplicates(documents)] }
}

interface FilePlace {
  readonly path: string
  at(offset: number): { readonly line: number; readonly col: number }
}

/** The library's own check of unique keys is quadratic; readYaml makes it. */
const OPTIONS = { schema: 'core', prettyErrors: false, uniqueKeys: false, logLevel: 'silent' } as const

function* compose(text: string, lines: LineCounter, problems: ManifestProblem[], place: FilePlace): Generator<Document.Parsed> {
  const parser = new Parser(lines.addNewLine)
  const composer = new Composer(OPTIONS)
  for (const token of parser.parse(text)) {
    if (token.type === 'document' && parser.offset - token.offset > MAX_DOCUMENT_CHARACTERS) {
      const found = `of ${parser.offset - token.offset} characters`
      problems.push(placeProblem(place, token.offset, fieldProblem([], found, `at most ${MAX_DOCUMENT_CHARACTERS}; split it`).problem))
    } else yield* composer.next(token)
  }
  yield* composer.end()
}

function parseDocument(document: Document, place: FilePlace, policy: ImagePolicy): ParsedManifest {
  const syntax = [...document.errors, ...document.warnings].slice(0, MAX_PROBLEMS)
  if (syntax.length > 0) return { documents: [], problems: syntax.map((error) => syntaxProblem(place, error)) }
  const yaml = readYaml(document)
  if (yaml.value === null) return { documents: [], problems: [] }
  const faults = yaml.faults.slice(0, MAX_PROBLEMS).map(({ offset, ...problem }) => placeProblem(place, offset, problem))
  if (!yaml.isWhole) return { documents: [], problems: faults }
  const checked = checkDocument(yaml, policy)
  const found = checked.kind === 'invalid' ? checked.problems.filter(isKnown(yaml)).slice(0, MAX_PROBLEMS) : []
  const problems = [...faults, ...found.map(({ problem, at, part }) => placeProblem(place, yaml.offsetOf(at, part), problem))]
  if (problems.length > 0 || checked.kind === 'invalid') return { documents: [], problems: problems.slice(0, MAX_PROBLEMS) }
  const line = place.at(document.contents?.range?.[0] ?? 0).line
  return { documents: [{ ...checked.document, path: place.path, line }], problems: [] }
}

/** Leaves out what is said of a value that a fault took: nothing is known of it but the fault. */
function isKnown(yaml: YamlValue): (problem: FieldProblem) => boolean {
  const faulty = new Set(yaml.faults.map(({ path }) => path))
  return ({ at }) => !faulty.has(at.join('.')) || valueAt(yaml.value, at) !== undefined
}

function syntaxProblem(place: FilePlace, error: YAMLError): ManifestProblem {
  const message = `not valid YAML: ${error.message}`
  return placeProblem(place, error.pos[0], { path: '', found: error.code, expected: 'valid YAML', message })
}

function placeProblem(place: FilePlace, offset: number, problem: Omit<ManifestProblem, 'file' | 'line' | 'column'>): ManifestProblem {
  const { line, col } = place.at(offset)
  return { ...problem, file: place.path, line, column: col }
}

function tooLarge(path: string, bytes: number): ManifestProblem {
  const found = `of ${bytes} bytes`
  const expected = `at most ${MAX_FILE_BYTES}; split it`
  return { file: path, line: 1, column: 1, path: '', found, expected, message: `the file is ${found}; expected ${expected}` }
}

function duplicates(documents: readonly ManifestDocument[]): readonly ManifestProblem[] {
  return duplicatesOf(documents, () => false)
}

/**
 * Documents that name a game or an engine version which another one names already: the later one is told, where neither
 * is known to hold it.
 *
 * @param holds whether a document is in the file that is known to hold its subject
 */
export function duplicatesOf(
  documents: readonly ManifestDocument[],
  holds: (document: ManifestDocument) => boolean,
): readonly ManifestProblem[] {
  const firsts = new Map<string, ManifestDocument>()
  const ranked = [...documents.filter(holds), ...documents.filter((document) => !holds(document))]
  return ranked.flatMap((document) => {
    const subject = `${document.kind} ${subjectOf(document)}`
    const first = firsts.get(subject)
    if (first === undefined) firsts.set(subject, document)
    return first === undefined ? [] : [duplicate(subject, document, first)]
  })
}

function duplicate(subject: string, document: ManifestDocument, first: ManifestDocument): ManifestProblem {
  const found = `${subject}, which ${first.path}:${first.line} has already`
  const expected = 'each game and engine version once'
  return {
    file: document.path,
    line: document.line,
    column: 1,
    path: 'metadata.name',
    found,
    expected,
    message: `this is ${found}; expected ${expected}`,
  }
}
