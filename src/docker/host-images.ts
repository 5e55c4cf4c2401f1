import { z } from 'zod'
import type { HostImage, HostImages, ImageUser } from '../model/image.ts'
import { type Identity, LABEL, ownershipOf } from '../model/labels.ts'
import type { DockerClients } from './client.ts'
import { unexpected } from './errors.ts'

/** All images and all containers of the daemon, ours or not: an image that anybody's container keeps is in use. Two calls. */
export async function listHostImages(clients: DockerClients, identity: Identity, signal: AbortSignal): Promise<HostImages> {
  try {
    const [images, containers] = await Promise.all([
      clients.send({ kind: 'image_list', method: 'GET', path: '/images/json' }, signal),
      clients.send({ kind: 'container_list', method: 'GET', path: '/containers/json', query: { all: true } }, signal),
    ])
    return {
      images: imagesShape.parse(images).map(imageOf),
      containers: containersShape.parse(containers).map((each) => userOf(each, identity)),
    }
  } catch (error) {
    throw unexpected(error, 'list images')
  }
}

const namesShape = z.array(z.string()).catch([])
const imagesShape = z.array(z.object({ Id: z.string(), RepoTags: namesShape, RepoDigests: namesShape, Size: z.number() }))
const containersShape = z.array(
  z.object({ Names: namesShape, Id: z.string(), ImageID: z.string(), Labels: z.record(z.string(), z.string()).catch({}) }),
)

/** `<none>` stands for a name that went to another image. */
function imageOf({ Id, RepoTags, RepoDigests, Size }: z.infer<typeof imagesShape>[number]): HostImage {
  return { id: Id, refs: [...RepoTags, ...RepoDigests].filter((ref) => !ref.includes('<none>')), sizeBytes: Size }
}

function userOf({ Id, Names, ImageID, Labels }: z.infer<typeof containersShape>[number], identity: Identity): ImageUser {
  const isOurs = ownershipOf(Labels, identity) === 'ours'
  return { imageId: ImageID, name: Names[0]?.slice(1) ?? Id.slice(0, 12), gameId: isOurs ? (Labels[LABEL.gameId] ?? null) : null }
}
