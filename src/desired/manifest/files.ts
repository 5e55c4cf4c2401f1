import { createHash } from 'node:crypto'
import { constants, type BigIntStats } from 'node:fs'
import { lstat, open, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { messageOf } from '../../model/errors.ts'
import { MAX_FILE_BYTES } from './parse.ts'

const MAX_DEPTH = 8
/** Editors' and tools' own files: hidden ones (also ConfigMap's `..data`), backups and swap files have no such ending. */
const MANIFEST_NAME = /^[^.#~].*\.(ya?ml|json)$/i

function isManifestName(name: string): boolean {
  return MANIFEST_NAME.test(name)
}

/** Whether `listManifests` would find a file at this path, relative to the folder. */
export function isWatchedPath(path: string): boolean {
  const folders = path.split('/')
  const name = folders.pop() ?? ''
  return isManifestName(name) && folders.length <= MAX_DEPTH && folders.every((folder) => folder !== '' && !folder.startsWith('.'))
}

/**
 * Paths of all manifests in a folder and its folders, relative to it and sorted. Links to files count as files; links to
 * folders are not followed, so that no loop can be.
 *
 * @throws what reading the folder throws
 */
export async function listManifests(dir: string, inside = '', depth = 0): Promise<readonly string[]> {
  const entries = await readdir(join(dir, inside), { withFileTypes: true })
  const found = await Promise.all(
    entries.map(async (entry) => {
      const path = inside === '' ? entry.name : `${inside}/${entry.name}`
      if (entry.isDirectory()) return entry.name.startsWith('.') || depth >= MAX_DEPTH ? [] : listManifests(dir, path, depth + 1)
      return isManifestName(entry.name) ? [path] : []
    }),
  )
  return found.flat().sort()
}

export type Reading =
  | { readonly kind: 'whole'; readonly text: string; readonly hash: string; readonly modifiedMs: number }
  /** Changed, swapped or gone while it was read. */
  | { readonly kind: 'moving' }
  | { readonly kind: 'bad'; readonly message: string }

/** Reads a file whole, or says why not; what changes meanwhile is not taken for its content. */
export async function readWhole(path: string): Promise<Reading> {
  try {
    // A pipe would block for ever, and a huge file would fill the memory.
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
    try {
      const before = await file.stat({ bigint: true })
      if (!before.isFile()) return { kind: 'bad', message: 'this is no ordinary file' }
      if (before.size > MAX_FILE_BYTES)
        return { kind: 'bad', message: `the file is of ${before.size} bytes; expected at most ${MAX_FILE_BYTES}; split it` }
      const bytes = await file.readFile()
      const after = await stat(path, { bigint: true })
      if (!isSameFile(before, after) || BigInt(bytes.length) !== after.size) return { kind: 'moving' }
      return decode(bytes, Number(after.mtimeMs))
    } finally {
      await file.close()
    }
  } catch (error) {
    if (!isMissing(error)) return { kind: 'bad', message: `the file cannot be read: ${messageOf(error)}` }
    return (await isDanglingLink(path)) ? { kind: 'bad', message: 'the link leads nowhere' } : { kind: 'moving' }
  }
}

function decode(bytes: Buffer, modifiedMs: number): Reading {
  try {
    return { kind: 'whole', text: new TextDecoder('utf-8', { fatal: true }).decode(bytes), hash: hashOf(bytes), modifiedMs }
  } catch {
    return { kind: 'bad', message: 'the file is not UTF-8 text' }
  }
}

export function hashOf(content: Buffer | string): string {
  return createHash('sha256').update(content).digest('hex')
}

function isSameFile(a: BigIntStats, b: BigIntStats): boolean {
  return a.dev === b.dev && a.ino === b.ino && a.size === b.size && a.mtimeNs === b.mtimeNs
}

async function isDanglingLink(path: string): Promise<boolean> {
  try {
    return (await lstat(path)).isSymbolicLink()
  } catch {
    return false
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && Reflect.get(error, 'code') === 'ENOENT'
}
