import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdtemp, readdir, realpath, rm } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import type Dockerode from 'dockerode'
import { imageArchive } from '../../engine/image/archive.ts'
import { loadImages } from '../../engine/image/load.ts'
import { fileEntry, folderEntriesOf, sharedLibraries } from '../../engine/image/runtime-files.ts'
import { folderEntry, type TarEntry } from '../../engine/image/tar.ts'
import { messageOf } from '../../src/model/errors.ts'

/*
 * A game server that is not ours: monopd, which lets people play Monopoly-like board games over TCP 1234, as Debian packages it.
 */

const REFERENCE = 'galaxy-test-monopd:0.10.2'

export type ThirdPartyImage =
  | { readonly kind: 'built'; readonly reference: string }
  /** This machine cannot have it; `reason` reads on in a test's name. */
  | { readonly kind: 'unavailable'; readonly reason: string }

/** The server, and the one of its libraries that is not part of every Debian. */
const PACKAGES = ['monopd', 'libmuparser2v5']
/** What of the packages goes into the image: manual pages and units of systemd have no reader there. */
const FILES = ['etc/monopd.conf', 'usr/sbin/monopd', 'usr/share/games']
const RECIPE = 1
const CONTENT_LABEL = 'com.galaxy.test_content'

/**
 * Sees to an image `FROM scratch` around the server. Nothing is installed: the packages are downloaded and unpacked in a folder that is
 * removed again, and not even that where Docker has the image of these very packages.
 *
 * @param folder where there is room for a few megabytes
 */
export async function buildMonopdImage(docker: Dockerode, folder: string, signal: AbortSignal): Promise<ThirdPartyImage> {
  const obstacle = await obstacleTo(docker)
  if (obstacle !== null) return { kind: 'unavailable', reason: obstacle }
  const packages = await identifyPackages(signal)
  if (packages.kind === 'unavailable') return packages
  const content = createHash('sha256')
    .update(JSON.stringify([RECIPE, FILES, packages.uris]))
    .digest('hex')
  if (await hasImage(docker, content)) return { kind: 'built', reference: REFERENCE }
  const place = await realpath(await mkdtemp(path.join(folder, 'monopd-')))
  try {
    const failure = await unpack(place, signal)
    if (failure !== null) return { kind: 'unavailable', reason: failure }
    await load(docker, path.join(place, 'root'), content, signal)
    return { kind: 'built', reference: REFERENCE }
  } finally {
    await rm(place, { recursive: true })
  }
}

async function obstacleTo(docker: Dockerode): Promise<string | null> {
  if (!existsSync('/etc/debian_version') || process.getuid?.() !== 0) return 'its package is fetched on Debian as root only'
  const { Arch: daemon } = await docker.version()
  const own = process.arch === 'x64' ? 'amd64' : process.arch
  return daemon === own ? null : `Docker runs on ${daemon}, and this machine's packages are for ${own}`
}

type Packages = { readonly kind: 'known'; readonly uris: string } | { readonly kind: 'unavailable'; readonly reason: string }

/** Which files apt would download, with their hashes: known without a download once the lists are there. */
async function identifyPackages(signal: AbortSignal): Promise<Packages> {
  const ask = () => aptGet(['download', '--print-uris', ...PACKAGES], '/', signal)
  let answer = await ask()
  if (answer.failure !== null) {
    const update = await aptGet(['update'], '/', signal)
    answer = update.failure === null ? await ask() : update
  }
  return answer.failure === null ? { kind: 'known', uris: answer.stdout } : { kind: 'unavailable', reason: answer.failure }
}

/** Returns why it cannot be had. */
async function unpack(place: string, signal: AbortSignal): Promise<string | null> {
  const { failure } = await aptGet(['download', ...PACKAGES], place, signal)
  if (failure !== null) return failure
  const archives = (await readdir(place)).filter((name) => name.endsWith('.deb'))
  for (const archive of archives) await promisify(execFile)('dpkg-deb', ['-x', archive, 'root'], { cwd: place, signal })
  return null
}

async function aptGet(
  args: readonly string[],
  cwd: string,
  signal: AbortSignal,
): Promise<{ readonly stdout: string; readonly failure: string | null }> {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  try {
    const { stdout } = await promisify(execFile)('apt-get', ['-q', '-o', 'DPkg::Lock::Timeout=120', ...args], { cwd, env, signal })
    return { stdout, failure: null }
  } catch (error) {
    signal.throwIfAborted()
    const told = /^E: .*$/m.exec(messageOf(error))?.[0] ?? messageOf(error).split('\n')[0]
    return { stdout: '', failure: `apt-get ${args[0]} says ${told}` }
  }
}

async function hasImage(docker: Dockerode, content: string): Promise<boolean> {
  const images = await docker.listImages({ filters: { label: [`${CONTENT_LABEL}=${content}`] } })
  return images.some(({ RepoTags }) => RepoTags?.includes(REFERENCE)) // null for an image without a tag
}

async function load(docker: Dockerode, root: string, content: string, signal: AbortSignal): Promise<void> {
  const { Arch: architecture } = await docker.version()
  const layers = [{ name: 'monopd', entries: await entriesOf(root, signal) }]
  // No command: what starts it is the registry's to say.
  const config = { Labels: { [CONTENT_LABEL]: content }, ExposedPorts: { '1234/tcp': {} } }
  await loadImages(docker, imageArchive(layers, [{ reference: REFERENCE, config }], architecture), signal)
}

async function entriesOf(root: string, signal: AbortSignal): Promise<readonly TarEntry[]> {
  const own = (await Promise.all(FILES.map((file) => filesUnder(root, file)))).flat()
  const unpackedLibraries = (await readdir(path.join(root, 'usr/lib'))).map((triplet) => path.join(root, 'usr/lib', triplet)).join(':')
  const libraries = await sharedLibraries(path.join(root, 'usr/sbin/monopd'), { LD_LIBRARY_PATH: unpackedLibraries }, signal)
  const files = new Map(
    [...own, ...libraries].map((source) => [source.startsWith(`${root}/`) ? source.slice(root.length) : source, source]),
  )
  return [
    ...folderEntriesOf([...files.keys()]),
    folderEntry('tmp', 0o1777),
    ...(await Promise.all([...files].map(([target, source]) => fileEntry(target.slice(1), source)))),
  ]
}

async function filesUnder(root: string, file: string): Promise<readonly string[]> {
  const found = await readdir(path.join(root, file), { recursive: true, withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOTDIR') return null
    throw error
  })
  return found === null
    ? [path.join(root, file)]
    : found.filter((entry) => entry.isFile()).map((entry) => path.join(entry.parentPath, entry.name))
}
