import type { Image } from '../world/image.ts'
import { type Answer, type CallContext, effects, type Process, Refusal } from './process.ts'
import { takeNames } from './take-names.ts'

/** `POST /images/load`, of an archive that was read already; null where it was none. */
export function* loadImages({ world }: CallContext, images: readonly Image[] | null): Process<Answer> {
  if (images === null) throw new Refusal(500, 'invalid archive: no manifest.json')
  for (const image of images) {
    const held = world.image(image.id)
    const tags = [...new Set([...(held?.tags ?? []), ...image.tags])]
    yield effects(...takeNames(world, tags, image.id), {
      subject: 'image',
      action: 'load',
      id: image.id,
      after: { ...image, ...held, tags },
      attributes: { name: image.id },
    })
    for (const tag of image.tags) yield { kind: 'tell', line: { stream: `Loaded image: ${tag}\n` } }
  }
  return { status: 200 }
}
