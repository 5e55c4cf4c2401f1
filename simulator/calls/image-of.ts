import { familiar, type Image } from '../world/image.ts'
import type { CallContext } from './process.ts'

/** By reference, id with or without `sha256:`, or the beginning of one. */
export function imageOf({ world }: CallContext, reference: string): Image | undefined {
  const named = world.image(reference) ?? world.imageByName(familiar(reference))
  if (named !== undefined) return named
  const hex = reference.replace(/^sha256:/, '')
  if (!/^[0-9a-f]{4,64}$/.test(hex)) return undefined
  const fitting = world.images().filter(({ id }) => id.startsWith(`sha256:${hex}`))
  return fitting.length === 1 ? fitting[0] : undefined
}
