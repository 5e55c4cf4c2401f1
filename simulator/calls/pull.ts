import { familiar, type Image, withTag } from '../world/image.ts'
import { newImage, pulledDigest } from './new-image.ts'
import { type Answer, type CallContext, effects, type Process, Refusal, sleep } from './process.ts'
import type { RegistryImage } from './settings.ts'
import { takeNames } from './take-names.ts'

/** What a pull asks the simulated registry for. */
export interface PullRequest {
  readonly fromImage: string
  /** A tag or a digest. */
  readonly tag: string
  readonly hasLogin: boolean
}

/** `POST /images/create`: the progress is told line by line; what goes wrong after the first line is told inside the 200. */
export function* pullImage(
  context: CallContext,
  registry: readonly RegistryImage[],
  { fromImage, tag, hasLogin }: PullRequest,
): Process<Answer> {
  const repository = familiar(fromImage)
  if (repository === '' || /[A-Z!]/.test(repository)) throw new Refusal(400, 'invalid reference format: repository name must be lowercase')
  const name = tag.startsWith('sha256:') ? `${repository}@${tag}` : withTag(tag === '' ? repository : `${repository}:${tag}`)
  const found = registry.find((setting) => isMeant(setting, name))
  if (found === undefined) throw new Refusal(404, `manifest for ${name} not found: manifest unknown: manifest unknown`)
  if (found.needsLogin && !hasLogin) throw new Refusal(500, `Head "https://${repository}": no basic auth credentials`)
  yield tell(`Pulling from ${repository}`, tag)
  const pulled = newImage(found, context.nowMs())
  const held = context.world.image(pulled.id)
  const isThere = held !== undefined && [...held.tags, ...held.digests].includes(name)
  if (!isThere && !(yield* pullLayers(context, found))) return { status: 200 }
  yield tell(`Digest: ${pulledDigest(pulled).split('@')[1]}`)
  yield* keep(context, held ?? { ...pulled, tags: [] }, pulled, { repository, name })
  yield tell(isThere ? `Status: Image is up to date for ${name}` : `Status: Downloaded newer image for ${name}`)
  return { status: 200 }
}

function isMeant(setting: RegistryImage, name: string): boolean {
  return withTag(familiar(setting.reference)) === name || pulledDigest(newImage(setting, 0)) === name
}

/** False when the registry failed half-way. */
function* pullLayers(context: CallContext, { layers, sizeBytes, failsWith, isCutShort }: RegistryImage): Process<boolean> {
  const total = Math.ceil(sizeBytes / layers)
  for (let layer = 0; layer < layers; layer += 1) {
    const id = layer.toString(16).padStart(12, '0')
    yield tell('Pulling fs layer', id)
    yield sleep(context.settings.latency.layerMs)
    yield {
      kind: 'tell',
      line: { status: 'Downloading', progressDetail: { current: Math.ceil(total / 2), total }, progress: '[====>   ]', id },
    }
    yield tell('Download complete', id)
    yield tell('Pull complete', id)
    if (failsWith !== null) yield { kind: 'tell', line: { errorDetail: { message: failsWith }, error: failsWith } }
    if (failsWith !== null || isCutShort) return false
  }
  return true
}

function* keep(
  { world }: CallContext,
  held: Image,
  pulled: Image,
  { repository, name }: { repository: string; name: string },
): Process<void> {
  const digests = [...new Set([...held.digests, pulledDigest(pulled)])]
  const tags = name.includes('@') ? held.tags : [...new Set([...held.tags, name])]
  // The event's id is the reference, not the image's id.
  yield effects(...takeNames(world, [name], held.id), {
    subject: 'image',
    action: 'pull',
    id: held.id,
    after: { ...held, tags, digests },
    attributes: { name: repository, reference: name },
  })
}

function tell(status: string, id?: string): { readonly kind: 'tell'; readonly line: unknown } {
  return {
    kind: 'tell',
    line: id === undefined ? { status } : { status, ...(/^[0-9a-f]{12}$/.test(id) ? { progressDetail: {} } : {}), id },
  }
}
