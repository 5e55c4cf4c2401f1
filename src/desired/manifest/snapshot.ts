import { join } from 'node:path'
import { messageOf } from '../../model/errors.ts'
import type { ImagePolicy } from '../resolve-image.ts'
import type { ManifestProblem } from './document.ts'
import { listManifests, type Reading, readWhole } from './files.ts'
import { type ParsedManifest, parseManifestPatiently } from './parse.ts'

/** What one file was found to be. */
export type FileSnapshot =
  | { readonly kind: 'read'; readonly path: string; readonly hash: string; readonly parsed: ParsedManifest }
  | { readonly kind: 'unread'; readonly path: string; readonly problem: ManifestProblem }
  /** Being written just now: its last good content stays in force. */
  | { readonly kind: 'moving'; readonly path: string }

export type FolderSnapshot =
  | { readonly kind: 'read'; readonly files: readonly FileSnapshot[] }
  | { readonly kind: 'unavailable'; readonly message: string }

/** Content that is younger than this may still be being written, also between two writes of one save. */
export const SETTLE_MS = 300

/** Contents by path, as last parsed: what has not changed is not parsed again. */
export type ParsedFiles = Map<string, { readonly hash: string; readonly parsed: ParsedManifest }>

/** Reads a folder of manifests as it is now. Never throws but for the signal. */
export async function readFolder(dir: string, policy: ImagePolicy, known: ParsedFiles, signal: AbortSignal): Promise<FolderSnapshot> {
  let paths: readonly string[]
  try {
    paths = await listManifests(dir)
  } catch (error) {
    return { kind: 'unavailable', message: `the folder of manifests cannot be read: ${messageOf(error)}` }
  }
  const files: FileSnapshot[] = []
  for (const path of paths) {
    signal.throwIfAborted()
    files.push(await readFile(path, await readWhole(join(dir, path)), policy, known, signal))
  }
  for (const path of known.keys()) if (!paths.includes(path)) known.delete(path)
  return { kind: 'read', files }
}

async function readFile(
  path: string,
  reading: Reading,
  policy: ImagePolicy,
  known: ParsedFiles,
  signal: AbortSignal,
): Promise<FileSnapshot> {
  if (reading.kind === 'moving') return { kind: 'moving', path }
  if (reading.kind === 'bad') return { kind: 'unread', path, problem: wholeFile(path, reading.message) }
  const before = known.get(path)
  if (before?.hash === reading.hash) return { kind: 'read', path, ...before }
  const ageMs = Date.now() - reading.modifiedMs
  if (ageMs >= 0 && ageMs < SETTLE_MS) return { kind: 'moving', path }
  const parsed = await parseManifestPatiently(reading.text, path, policy, signal)
  known.set(path, { hash: reading.hash, parsed })
  return { kind: 'read', path, hash: reading.hash, parsed }
}

export function wholeFile(file: string, message: string): ManifestProblem {
  return { file, line: 1, column: 1, path: '', found: '', expected: '', message }
}
