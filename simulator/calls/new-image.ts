import { createHash } from 'node:crypto'
import { familiar, type Image, withTag } from '../world/image.ts'
import type { ImageSetting } from './settings.ts'

/** An image as a setting describes it. Its id follows from the description, as a real one's does from its content. */
export function newImage({ reference, sizeBytes, config, behaviour, commands }: ImageSetting, createdAtMs: number): Image {
  const name = withTag(familiar(reference))
  return {
    id: `sha256:${digestOf([name, sizeBytes, config, behaviour, commands])}`,
    tags: [name],
    digests: [],
    parentId: '',
    createdAtMs,
    sizeBytes,
    config,
    behaviour,
    commands,
  }
}

/** What a registry calls the same image: another hash than its id. */
export function pulledDigest(image: Image): string {
  const [name = ''] = image.tags
  return `${name.slice(0, name.lastIndexOf(':'))}@sha256:${digestOf(['manifest', image.id])}`
}

function digestOf(parts: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex')
}
