import { readdir, readFile } from 'node:fs/promises'
import { stripTypeScriptTypes } from 'node:module'
import { dirname, join } from 'node:path'
import { bytesEntry, folderEntry, type TarEntry } from './tar.ts'

export interface ProgramFile {
  /** Relative to the engine's folder. */
  readonly path: string
  readonly source: string
}

const ENGINE_FOLDER = dirname(import.meta.dirname)

/** The TypeScript files that make up the engine: all of its folder except what makes the image. */
export async function programFiles(): Promise<readonly ProgramFile[]> {
  const names = await readdir(ENGINE_FOLDER, { recursive: true })
  const paths = names.filter((name) => name.endsWith('.ts') && !/^image[/.]/.test(name)).toSorted()
  return Promise.all(
    paths.map(async (path) => ({
      path,
      source: await readFile(join(ENGINE_FOLDER, path), 'utf8'),
    })),
  )
}

/** The same files as JavaScript under `/engine`: with types stripped beforehand, the engine starts sooner. */
export function programEntries(files: readonly ProgramFile[]): readonly TarEntry[] {
  const folders = new Set(files.map(({ path }) => join('engine', dirname(path))))
  return [
    ...[...folders].toSorted().map((path) => folderEntry(path, 0o755)),
    bytesEntry('engine/package.json', Buffer.from('{"type":"module"}\n')),
    ...files.map(({ path, source }) => bytesEntry(`engine/${asJavaScript(path)}`, Buffer.from(compiled(source)))),
  ]
}

function compiled(source: string): string {
  const script = stripTypeScriptTypes(source)
  return script.replaceAll(/(from\s+["'])(\.[^"']+)(["'])/g, (_all, before: string, path: string, after: string) => {
    return `${before}${asJavaScript(path)}${after}`
  })
}

function asJavaScript(path: string): string {
  return path.replace(/\.ts$/, '.js')
}
