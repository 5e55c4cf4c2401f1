import { readdir, readFile, stat } from 'node:fs/promises'
import path from 'node:path'
import type { Readable } from 'node:stream'
import { CliError, EXIT } from './exit.ts'

export interface ManifestText {
  /** As it was named, for messages. */
  readonly path: string
  readonly text: string
}

/** What `-f` names: files, the YAML files below a folder, or stdin for `-`. */
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
  if (!found.isDirectory()) return [{ path: given, text: await readFile(full, 'utf8') }]
  const names = (await readdir(full, { recursive: true })).filter(
    (name) => /\.ya?ml$/.test(name) && !name.split(path.sep).some((part) => part.startsWith('.')),
  )
  if (names.length === 0) throw new CliError(`${given} holds no .yaml or .yml file`, EXIT.usage)
  return Promise.all(
    names.sort().map(async (name) => ({ path: path.join(given, name), text: await readFile(path.join(full, name), 'utf8') })),
  )
}

async function readAll(stdin: Readable): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of stdin) chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks).toString('utf8')
}
