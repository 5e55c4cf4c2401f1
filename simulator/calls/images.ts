import { imageEntryJson, imageJson } from '../answers/image.ts'
import { familiar, type Image, withTag } from '../world/image.ts'
import { type Filters, matchesLabels } from './filters.ts'
import { imageOf } from './image-of.ts'
import { type Answer, type CallContext, effects, type Process, Refusal } from './process.ts'
import { takeNames } from './take-names.ts'

/** `GET /images/json`. */
export function listImages({ world }: CallContext, filters: Filters): Answer {
  const references = filters.get('reference') ?? []
  const dangling = filters.get('dangling') ?? []
  const fitting = world
    .images()
    .filter(
      (image) =>
        (references.length === 0 || references.some((pattern) => image.tags.some((tag) => isLike(tag, pattern)))) &&
        (dangling.length === 0 || (image.tags.length === 0) === (dangling[0] === 'true')) &&
        matchesLabels(image.config.Labels ?? {}, filters),
    )
  return { status: 200, body: fitting.toSorted((a, b) => b.createdAtMs - a.createdAtMs).map(imageEntryJson) }
}

/** `GET /images/{name}/json`. */
export function inspectImage(context: CallContext, reference: string): Answer {
  const image = imageOf(context, reference)
  if (image === undefined) throw new Refusal(404, `no such image: ${reference}: No such image: ${withTag(reference)}`)
  return { status: 200, body: imageJson(image) }
}

/** `POST /images/{name}/tag`: the name is taken away from whoever has it. */
export function* tagImage(context: CallContext, reference: string, repository: string, tag: string): Process<Answer> {
  const image = imageOf(context, reference)
  if (image === undefined) throw new Refusal(404, `No such image: ${withTag(reference)}`)
  const name = `${familiar(repository)}:${tag || 'latest'}`
  const tags = image.tags.includes(name) ? image.tags : [...image.tags, name]
  const tagged = { subject: 'image', action: 'tag', id: image.id, after: { ...image, tags }, attributes: { name } } as const
  yield effects(...takeNames(context.world, [name], image.id), tagged)
  return { status: 201 }
}

/** `DELETE /images/{name}`: a name, or with the last name the image. */
export function* removeImage(context: CallContext, reference: string, isForced: boolean): Process<Answer> {
  const image = imageOf(context, reference)
  if (image === undefined) throw new Refusal(404, `No such image: ${withTag(reference)}`)
  const isById = image.id.replace('sha256:', '').startsWith(reference.replace('sha256:', ''))
  const names = [...image.tags, ...image.digests]
  const gone = isById ? names : namesLost(image, withTag(familiar(reference)))
  const isLast = gone.length === names.length
  if (isLast) requireUnused(context, image, reference, isById, isForced)
  const after = {
    ...image,
    tags: image.tags.filter((tag) => !gone.includes(tag)),
    digests: image.digests.filter((digest) => !gone.includes(digest)),
  }
  yield effects({ subject: 'image', action: 'untag', id: image.id, after, attributes: { name: image.id } })
  const untagged = gone.map((name) => ({ Untagged: name }))
  if (!isLast) return { status: 200, body: untagged }
  yield effects({ subject: 'image', action: 'delete', id: image.id, after: null, attributes: { name: image.id } })
  return { status: 200, body: [...untagged, { Deleted: image.id }] }
}

/** With a repository's last tag its digests go too. */
function namesLost({ tags, digests }: Image, name: string): readonly string[] {
  const repository = repositoryOf(name)
  const others = tags.filter((tag) => tag !== name && repositoryOf(tag) === repository)
  const isTag = tags.includes(name)
  return isTag && others.length === 0 ? [name, ...digests.filter((digest) => repositoryOf(digest) === repository)] : [name]
}

function repositoryOf(name: string): string {
  return name.includes('@') ? name.slice(0, name.indexOf('@')) : name.slice(0, name.lastIndexOf(':'))
}

function requireUnused({ world }: CallContext, { id }: Image, reference: string, isById: boolean, isForced: boolean): void {
  const user = world.containers().find(({ imageId }) => imageId === id)
  if (user === undefined) return
  const [short, container] = [id.slice(7, 19), user.id.slice(0, 12)]
  const isRunning = user.status === 'running' || user.status === 'paused'
  if (isRunning)
    throw new Refusal(409, `conflict: unable to delete ${short} (cannot be forced) - image is being used by running container ${container}`)
  if (isForced) return
  if (isById)
    throw new Refusal(409, `conflict: unable to delete ${short} (must be forced) - image is being used by stopped container ${container}`)
  throw new Refusal(
    409,
    `conflict: unable to remove repository reference "${reference}" (must force) - container ${container} is using its referenced image ${short}`,
  )
}

/** `*` and `?`, as Docker's reference filter takes them; without a tag it means the repository. */
function isLike(tag: string, pattern: string): boolean {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '[^/]*')
    .replaceAll('?', '.')
  return new RegExp(`^${source}$`).test(tag) || new RegExp(`^${source}$`).test(repositoryOf(tag))
}
