import { readdir, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { stripTypes } from './strip-types.ts'
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
export async function programEntries(files: readonly ProgramFile[]): Promise<readonly TarEntry[]> {
  const scripts = await stripTypes(files.map(({ source }) => source))
  const folders = new Set(files.map(({ path }) => join('engine', dirname(path))))
  return [
    ...[...folders].toSorted().map((path) => folderEntry(path, 0o755)),
    bytesEntry('engine/package.json', Buffer.from('{"type":"module"}\n')),
    ...files.map(({ path }, index) => bytesEntry(`engine/${asJavaScript(path)}`, Buffer.from(withJavaScriptImports(scripts[index] ?? '')))),
  ]
}

function withJavaScriptImports(script: string): string {
  return script.replaceAll(/(from\s+["'])(\.[^"']+)(["'])/g, (_all, before: string, path: string, after: string) => {
    return `${before}${asJavaScript(path)}${after}`
  })
}

function asJavaScript(path: string): string {
  return path.replace(/\.ts$/, '.js')
}
