import type { Effect } from '../world/effect.ts'
import type { WorldView } from '../world/world.ts'

/** A reference means one image: takes these away from all but the one of this id. */
export function takeNames(world: WorldView, names: readonly string[], id: string): readonly Effect[] {
  return world
    .images()
    .filter((image) => image.id !== id && image.tags.some((tag) => names.includes(tag)))
    .map((image) => {
      const after = { ...image, tags: image.tags.filter((tag) => !names.includes(tag)) }
      return { subject: 'image', action: 'provide', id: image.id, after, attributes: {} }
    })
}
