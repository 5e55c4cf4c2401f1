import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { messageOf } from '../../model/errors.ts'
import type { ImagePolicy } from '../resolve-image.ts'
import { listManifests, readWhole } from './files.ts'
import { duplicatesOf, type ParsedManifest, parseManifestPatiently } from './parse.ts'
import { wholeFile } from './snapshot.ts'

/**
 * Reads a file, or a folder with its folders, for `galaxy apply -f` and `galaxy diff -f`: all problems of all files at
 * once. A file is taken as given, whatever its name; in a folder only manifests are read.
 *
 * @throws the signal's reason
 */
export async function readManifests(path: string, policy: ImagePolicy, signal: AbortSignal): Promise<ParsedManifest> {
  const parts: ParsedManifest[] = []
  const found = await filesAt(path)
  if (found.kind === 'bad') return { documents: [], problems: [wholeFile(path, found.message)] }
  for (const file of found.files) parts.push(await readOne(file, policy, signal))
  const documents = parts.flatMap((part) => part.documents)
  const problems = parts.flatMap((part) => part.problems)
  // Those within one file are among its own problems already.
  const across = duplicatesOf(documents, () => false).filter(
    ({ file, line }) => !problems.some((each) => each.file === file && each.line === line),
  )
  return { documents, problems: [...problems, ...across] }
}

type Found = { readonly kind: 'files'; readonly files: readonly string[] } | { readonly kind: 'bad'; readonly message: string }

async function filesAt(path: string): Promise<Found> {
  try {
    if (!(await stat(path)).isDirectory()) return { kind: 'files', files: [path] }
    const files = await listManifests(path)
    return files.length === 0
      ? { kind: 'bad', message: 'the folder holds no manifest (*.yaml, *.yml, *.json)' }
      : { kind: 'files', files: files.map((file) => join(path, file)) }
  } catch (error) {
    return { kind: 'bad', message: `cannot be read: ${messageOf(error)}` }
  }
}

async function readOne(file: string, policy: ImagePolicy, signal: AbortSignal): Promise<ParsedManifest> {
  const reading = await readWhole(file)
  if (reading.kind === 'whole') return parseManifestPatiently(reading.text, file, policy, signal)
  const message = reading.kind === 'moving' ? 'the file is being written; try again' : reading.message
  return { documents: [], problems: [wholeFile(file, message)] }
}
