import { createHash, type Hash } from 'node:crypto'
import { bytesEntry, type TarEntry, tarSizeBytes, tarStream } from './tar.ts'

export interface ImageLayer {
  readonly name: string
  readonly entries: readonly TarEntry[]
}

export interface Image {
  /** Reference with its tag, such as `galaxy-engine:1.0.0`. */
  readonly reference: string
  /** The part of the image's configuration that containers inherit, in the Docker API's spelling. */
  readonly config: Readonly<Record<string, unknown>>
}

/**
 * Images that have all layers in common, as one archive like that of `docker save`: the layers, one configuration per image, the
 * manifest. The layers are hashed while they stream, which is why the configurations come last.
 * Format: https://github.com/moby/docker-image-spec, "Combined Image JSON + Filesystem Changeset Format"
 * @param architecture in Docker's words, such as `amd64`
 */
export async function* imageArchive(
  layers: readonly ImageLayer[],
  images: readonly Image[],
  architecture: string,
): AsyncGenerator<Uint8Array> {
  yield* tarStream(archiveEntries(layers, images, architecture))
}

async function* archiveEntries(layers: readonly ImageLayer[], images: readonly Image[], architecture: string): AsyncGenerator<TarEntry> {
  const digests: string[] = []
  for (const { name, entries } of layers) {
    const hash = createHash('sha256')
    const content = () => hashed(hash, tarStream(entries))
    yield { path: `${name}.tar`, mode: 0o644, sizeBytes: tarSizeBytes(entries), content }
    digests.push(`sha256:${hash.digest('hex')}`)
  }
  for (const [index, { config }] of images.entries()) {
    yield jsonEntry(`${index}.json`, imageConfig(config, layers, digests, architecture))
  }
  yield jsonEntry('manifest.json', manifest(layers, images))
}

async function* hashed(hash: Hash, chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) {
    hash.update(chunk)
    yield chunk
  }
}

function imageConfig(config: Image['config'], layers: readonly ImageLayer[], digests: readonly string[], architecture: string): unknown {
  // A fixed time makes equal content one image id, on every machine and at every rebuild.
  const created = '1970-01-01T00:00:00Z'
  return {
    architecture,
    os: 'linux',
    created,
    config,
    rootfs: { type: 'layers', diff_ids: digests },
    history: layers.map(({ name }) => ({ created, created_by: `galaxy: ${name}` })),
  }
}

function manifest(layers: readonly ImageLayer[], images: readonly Image[]): unknown {
  return images.map(({ reference }, index) => ({
    Config: `${index}.json`,
    RepoTags: [reference],
    Layers: layers.map(({ name }) => `${name}.tar`),
  }))
}

function jsonEntry(path: string, value: unknown): TarEntry {
  return bytesEntry(path, Buffer.from(JSON.stringify(value)))
}
