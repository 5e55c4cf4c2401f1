import { execFile } from 'node:child_process'
import { createReadStream } from 'node:fs'
import { realpath, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { promisify } from 'node:util'
import { folderEntry, type TarEntry } from './tar.ts'

/** What tells one runtime from another, without reading its 150 MB. */
export async function runtimeIdentity(): Promise<string> {
  const { size } = await stat(process.execPath)
  return `${process.version} ${process.arch} ${size}`
}

/**
 * Entries of a layer in which the node that runs now, as `/node`, can run alone: the binary and the shared libraries that the dynamic loader
 * finds for it, each under its own path. Throws on other systems than Linux.
 */
export async function runtimeEntries(signal: AbortSignal): Promise<readonly TarEntry[]> {
  const libraries = await sharedLibraries(process.execPath, {}, signal)
  return [
    ...folderEntriesOf(libraries),
    folderEntry('tmp', 0o1777),
    await fileEntry('node', process.execPath),
    ...(await Promise.all(libraries.map((path) => fileEntry(path.slice(1), path)))),
  ]
}

/**
 * Paths of the loader and of everything that it loads for a program. Asks the loader itself: with this variable it lists what it would
 * load instead of starting the program (ld.so(8)).
 * @param env further variables of the loader, such as where else it looks
 */
export async function sharedLibraries(program: string, env: NodeJS.ProcessEnv, signal: AbortSignal): Promise<readonly string[]> {
  if (process.platform !== 'linux') throw new Error('an image around a program of this machine can be built on Linux only')
  const options = { env: { ...env, LD_TRACE_LOADED_OBJECTS: '1' }, signal }
  const { stdout } = await promisify(execFile)(program, ['--version'], options)
  const paths = [...stdout.matchAll(/(\/\S+) \(0x[0-9a-f]+\)$/gm)].flatMap((match) => match[1] ?? [])
  if (paths.length > 0) return paths.toSorted()
  throw new Error(`the loader does not tell the shared libraries of ${program}; one built for glibc is needed`)
}

/** Every folder above these absolute paths, the outer before the inner. */
export function folderEntriesOf(paths: readonly string[]): readonly TarEntry[] {
  return [...new Set(paths.flatMap(parents))].toSorted().map((path) => folderEntry(path, 0o755))
}

function parents(path: string): readonly string[] {
  const folder = dirname(path)
  return folder === '/' ? [] : [...parents(folder), folder.slice(1)]
}

/** A file of this machine, links followed, as a program or a library in the image. */
export async function fileEntry(path: string, source: string): Promise<TarEntry> {
  const real = await realpath(source)
  const { size } = await stat(real)
  return {
    path,
    mode: 0o755,
    sizeBytes: size,
    content: () => createReadStream(real, { highWaterMark: 1024 * 1024 }),
  }
}
