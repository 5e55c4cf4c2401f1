import { createHash } from 'node:crypto'
import type Dockerode from 'dockerode'
import { type Image, imageArchive } from './image/archive.ts'
import { loadImages } from './image/load.ts'
import { type ProgramFile, programEntries, programFiles } from './image/program.ts'
import { runtimeEntries, runtimeIdentity } from './image/runtime-files.ts'
import { ENGINE_VERSIONS } from './rules/edition.ts'

/** Bumped when the way the image is made changes, so that images of the older way are replaced. */
const RECIPE = 1

const CONTENT_LABEL = 'com.galaxy.image_content'
const ENGINE_IMAGE_REFS = ENGINE_VERSIONS.map((version) => `galaxy-engine:${version}`)

/** What a container of these images gets where its game asks for nothing else (spec 4, limits). */
const LIMIT_LABELS = { 'com.galaxy.cpu_quota': '1', 'com.galaxy.memory': '256Mi', 'com.galaxy.pids_limit': '64' }

export interface EngineImageOptions {
  readonly docker: Dockerode
  readonly signal: AbortSignal
  /** Gets lines for people, without a line break. */
  readonly onProgress: (line: string) => void
}

/**
 * Makes sure that the daemon has the reference engine's images of exactly this source and this node, and returns their references.
 * Costs one list call when they are there. No registry and no base image is needed (spec 4, a reference engine ships).
 */
export async function buildEngineImages(options: EngineImageOptions): Promise<readonly string[]> {
  const { docker, signal, onProgress } = options
  const files = await programFiles()
  const hash = await contentHash(files)
  if ((await missing(docker, hash, signal)).length === 0) return ENGINE_IMAGE_REFS
  onProgress(`building ${ENGINE_IMAGE_REFS.join(', ')} around node ${process.version}`)
  const architecture = await daemonArchitecture(docker)
  const layers = [
    { name: 'runtime', entries: await runtimeEntries(signal) },
    { name: 'program', entries: await programEntries(files) },
  ]
  await loadImages(docker, imageArchive(layers, engineImages(hash), architecture), signal)
  const absent = await missing(docker, hash, signal)
  if (absent.length > 0) throw new Error(`Docker took the engine images, yet has no ${absent.join(', ')}`)
  onProgress(`built ${ENGINE_IMAGE_REFS.join(', ')}`)
  return ENGINE_IMAGE_REFS
}

function engineImages(contentHash: string): readonly Image[] {
  return ENGINE_VERSIONS.map((version) => ({
    reference: `galaxy-engine:${version}`,
    config: {
      // One thread for V8's helpers and two for files: many engines share one machine, and none of them is busy.
      Entrypoint: ['/node', '--v8-pool-size=1', '/engine/main.js'],
      Env: [`ENGINE_VERSION=${version}`, 'UV_THREADPOOL_SIZE=2'],
      ExposedPorts: { '8080/tcp': {} },
      Labels: { ...LIMIT_LABELS, [CONTENT_LABEL]: contentHash },
      StopSignal: 'SIGTERM',
      WorkingDir: '/',
    },
  }))
}

/** Shared libraries don't count: an image carries its own, and a newer libc on the host is no reason to build it again. */
async function contentHash(files: readonly ProgramFile[]): Promise<string> {
  const identity = JSON.stringify([RECIPE, await runtimeIdentity(), files, engineImages('')])
  return createHash('sha256').update(identity).digest('hex')
}

async function missing(docker: Dockerode, hash: string, signal: AbortSignal): Promise<readonly string[]> {
  const images = await docker.listImages({
    filters: { label: [`${CONTENT_LABEL}=${hash}`] },
    abortSignal: signal,
  })
  // The API says null, not [], for an image without a tag.
  const present = images.flatMap((image) => image.RepoTags ?? [])
  return ENGINE_IMAGE_REFS.filter((reference) => !present.includes(reference))
}

/** In Docker's words. Our own binary goes into the image, so a daemon of another architecture could not run it. */
async function daemonArchitecture(docker: Dockerode): Promise<string> {
  const own = process.arch === 'x64' ? 'amd64' : process.arch
  const { Arch: daemon } = await docker.version()
  if (daemon === own) return own
  throw new Error(`the engine images would be for ${own}, but the Docker daemon runs on ${daemon}`)
}
