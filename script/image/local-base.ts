import Docker from 'dockerode'
import { type Image, imageArchive } from '../../engine/image/archive.ts'
import { loadImages } from '../../engine/image/load.ts'
import { fileEntry, folderEntriesOf, sharedLibraries } from '../../engine/image/runtime-files.ts'
import { folderEntry } from '../../engine/image/tar.ts'

/** What a script with `#!/usr/bin/env node` needs, and where it looks. */
const PROGRAMS = [
  ['/usr/local/bin/node', process.execPath],
  ['/usr/bin/env', '/usr/bin/env'],
] as const

/**
 * Loads an image that is no more than the Node which runs now, `env`, and the shared libraries of both, as the reference engine's images are made
 * (docs/adr/0012). @returns its reference
 */
export async function buildLocalBase(signal: AbortSignal): Promise<string> {
  const docker = new Docker()
  const reference = `galaxy-base:node${process.versions.node}`
  const libraries = new Set((await Promise.all(PROGRAMS.map(([, source]) => sharedLibraries(source, {}, signal)))).flat())
  const files = [...PROGRAMS, ...[...libraries].map((file) => [file, file] as const)]
  const entries = [
    ...folderEntriesOf(files.map(([target]) => target)),
    folderEntry('tmp', 0o1777),
    ...(await Promise.all(files.map(([target, source]) => fileEntry(target.slice(1), source)))),
  ]
  const images: readonly Image[] = [{ reference, config: { Labels: { 'com.galaxy.base': 'true' } } }]
  const { Arch } = await docker.version()
  await loadImages(docker, imageArchive([{ name: 'base', entries }], images, Arch), signal)
  return reference
}
