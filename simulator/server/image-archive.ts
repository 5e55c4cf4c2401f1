import { createHash } from 'node:crypto'
import { z } from 'zod'
import { knownProgram } from '../calls/known-program.ts'
import { imageConfigShape } from '../calls/settings.ts'
import type { Image } from '../world/image.ts'

const BLOCK = 512
/** Configurations and the manifest are small; layers are read and forgotten. */
const MAX_JSON_BYTES = 1_048_576

/**
 * The images of an archive like that of `docker save`. A program is known by how it is started; nothing of a layer is kept.
 *
 * @returns null when it is no such archive
 */
export async function readImageArchive(stream: AsyncIterable<Uint8Array>, nowMs: number): Promise<readonly Image[] | null> {
  const files = await readSmallFiles(stream)
  const manifest = manifestShape.safeParse(parse(files.get('manifest.json')?.bytes))
  if (!manifest.success) return null
  const layerBytes = [...files].reduce((sum, [path, { sizeBytes }]) => (path.endsWith('.tar') ? sum + sizeBytes : sum), 0)
  return manifest.data.map(({ Config: path, RepoTags }) => {
    const bytes = files.get(path)?.bytes ?? Buffer.alloc(0)
    const { config, created } = configShape.parse(parse(bytes))
    const createdAtMs = Date.parse(created)
    return {
      id: `sha256:${createHash('sha256').update(bytes).digest('hex')}`,
      tags: RepoTags ?? [],
      digests: [],
      parentId: '',
      createdAtMs: Number.isNaN(createdAtMs) ? nowMs : createdAtMs,
      sizeBytes: layerBytes,
      config,
      behaviour: knownProgram(config),
      commands: [],
    }
  })
}

const manifestShape = z.array(z.object({ Config: z.string(), RepoTags: z.array(z.string()).nullish() }))
const configShape = z.object({ config: imageConfigShape.strip(), created: z.string().default('') })

interface ArchiveFile {
  readonly sizeBytes: number
  /** Empty for a file that is not kept. */
  readonly bytes: Buffer
}

/** A tar archive's files: https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html, "ustar Interchange Format". */
async function readSmallFiles(stream: AsyncIterable<Uint8Array>): Promise<ReadonlyMap<string, ArchiveFile>> {
  const files = new Map<string, ArchiveFile>()
  let rest = Buffer.alloc(0)
  let toSkip = 0
  for await (const chunk of stream) {
    const skipped = Math.min(toSkip, chunk.length)
    toSkip -= skipped
    rest = Buffer.concat([rest, chunk.subarray(skipped)])
    while (rest.length >= BLOCK) {
      const { path, sizeBytes } = headerOf(rest)
      const wholeBytes = BLOCK + Math.ceil(sizeBytes / BLOCK) * BLOCK
      const isKept = path.endsWith('.json') && sizeBytes <= MAX_JSON_BYTES
      if (isKept && rest.length < wholeBytes) break
      if (path !== '') files.set(path, { sizeBytes, bytes: isKept ? rest.subarray(BLOCK, BLOCK + sizeBytes) : Buffer.alloc(0) })
      toSkip = Math.max(0, wholeBytes - rest.length)
      rest = rest.subarray(wholeBytes)
    }
  }
  return files
}

function headerOf(block: Buffer): { readonly path: string; readonly sizeBytes: number } {
  const path = block.toString('utf8', 0, 100).replace(/\0.*$/s, '')
  const sizeBytes = Number.parseInt(block.toString('latin1', 124, 136), 8)
  return { path, sizeBytes: path === '' || Number.isNaN(sizeBytes) ? 0 : sizeBytes }
}

function parse(bytes: Buffer | undefined): unknown {
  try {
    return JSON.parse(bytes?.toString('utf8') ?? '')
  } catch {
    return null
  }
}
