import { readFile, realpath, stat } from 'node:fs/promises'
import path from 'node:path'
import type { Readable } from 'node:stream'
import { listManifests } from '../desired/manifest/files.ts'
import { CliError, EXIT } from './exit.ts'

export interface ManifestText {
  /** As it was named, for messages. */
  readonly path: string
  /** Absolute, its folder's links followed: shows whether the file is one of the watched folder. None for stdin. */
  readonly location?: string
  readonly text: string
}

/** What `-f` names: files, the manifests below a folder, as the watched folder's are found, or stdin for `-`. */
export async function readManifests(paths: readonly string[], cwd: string, stdin: Readable): Promise<readonly ManifestText[]> {
  const found: ManifestText[] = []
  for (const given of paths) {
    if (given === '-') found.push({ path: '(stdin)', text: await readAll(stdin) })
    else found.push(...(await readPath(given, cwd)))
  }
  return found
}

async function readPath(given: string, cwd: string): Promise<readonly ManifestText[]> {
  const full = path.resolve(cwd, given)
  const found = await stat(full).catch((error: NodeJS.ErrnoException) => {
    throw new CliError(`${given} can't be read: ${error.code === 'ENOENT' ? 'there is no such file or folder' : error.message}`, EXIT.usage)
  })
  if (!found.isDirectory()) return [await readOne(given, path.join(await realpath(path.dirname(full)), path.basename(full)))]
  const folder = await realpath(full)
  const names = await listManifests(full)
  if (names.length === 0) throw new CliError(`${given} holds no .yaml, .yml or .json file`, EXIT.usage)
  return Promise.all([...names].sort().map((name) => readOne(path.join(given, name), path.join(folder, name))))
}

async function readOne(given: string, location: string): Promise<ManifestText> {
  return { path: given, location, text: await readFile(location, 'utf8') }
}

export async function readAll(stdin: Readable): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of stdin) chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks).toString('utf8')
}
