import { z } from 'zod'
import type { ImageFacts } from '../model/image.ts'
import type { DockerClients } from './client.ts'
import { isMissing, unexpected } from './errors.ts'

/** Null when the daemon has no such image. */
export async function inspectImage(clients: DockerClients, imageRef: string, signal: AbortSignal): Promise<ImageFacts | null> {
  try {
    const path = `/images/${encodeURIComponent(imageRef)}/json`
    const image = inspectShape.parse(await clients.send({ kind: 'image_inspect', method: 'GET', path }, signal))
    return factsOf(image, image.Config.Labels)
  } catch (error) {
    if (isMissing(error)) return null
    throw unexpected(error, `inspect image ${imageRef}`)
  }
}

/** Every image of the daemon that has a name or digest, in one call. */
export async function listImages(clients: DockerClients, signal: AbortSignal): Promise<readonly ImageFacts[]> {
  try {
    const images = listShape.parse(await clients.send({ kind: 'image_list', method: 'GET', path: '/images/json' }, signal))
    return images.map((image) => factsOf(image, image.Labels))
  } catch (error) {
    throw unexpected(error, 'list images')
  }
}

const namesShape = z.array(z.string()).catch([])
const labelsShape = z.record(z.string(), z.string()).catch({})
const namedShape = z.object({ Id: z.string(), RepoTags: namesShape, RepoDigests: namesShape })
const inspectShape = namedShape.extend({ Config: z.object({ Labels: labelsShape }).catch({ Labels: {} }) })
const listShape = z.array(namedShape.extend({ Labels: labelsShape }))

function factsOf(image: z.infer<typeof namedShape>, labels: Readonly<Record<string, string>>): ImageFacts {
  const refs = [...image.RepoTags, ...image.RepoDigests].filter((ref) => !ref.includes('<none>'))
  return { id: image.Id, labels, refs }
}
