import type { HostImage, HostImages } from '../model/image.ts'
import { parseImageReference } from './image-reference.ts'
import { type ImagePolicy, resolveImage } from './resolve-image.ts'
import { toVersion } from './manifest/document.ts'

/** What keeps an image: a desired game or one that has a container, an enabled version, or somebody else's container. */
export interface ImageNeed {
  readonly kind: 'Game' | 'EngineVersion' | 'Container'
  /** The game's id, `engine/version`, or the container's name. */
  readonly name: string
}

/** One place where this deployment names an image, by reference, by content id, or both. */
export interface ImageNaming {
  readonly ref: string | null
  readonly id: string | null
  /** Null where it is only remembered: a disabled version, a game's former life. */
  readonly need: ImageNeed | null
}

export interface EngineImage extends HostImage {
  /** Empty: nothing of this deployment, and no container of the host. */
  readonly neededBy: readonly ImageNeed[]
  /** What the operator may type; null for an image that is needed. Nothing of ours ever removes one (spec 4, "Cleanup"). */
  readonly removeWith: string | null
}

/**
 * The engines' images among a host's: those that are named, and those of the image template's repositories.
 *
 * @param repositories as `templateRepositories` makes them
 */
export function engineImages(host: HostImages, namings: readonly ImageNaming[], repositories: ReadonlySet<string>): readonly EngineImage[] {
  const byName = Map.groupBy(
    namings.flatMap((naming) => namesOf(naming).map((name) => ({ name, naming }))),
    ({ name }) => name,
  )
  const usersOf = Map.groupBy(host.containers, ({ imageId }) => imageId)
  const listed = host.images.flatMap((image): readonly EngineImage[] => {
    const users = usersOf.get(image.id) ?? []
    const named = [image.id, ...image.refs].flatMap((name) => byName.get(name) ?? [])
    const ownRefs = image.refs.filter((ref) => byName.has(ref) || repositories.has(repositoryOf(ref)))
    if (named.length === 0 && ownRefs.length === 0 && users.every(({ gameId }) => gameId === null)) return []
    const needs = [
      ...named.flatMap(({ naming }) => naming.need ?? []),
      ...users.map(({ gameId, name }): ImageNeed => (gameId === null ? { kind: 'Container', name } : { kind: 'Game', name: gameId })),
    ]
    const neededBy = distinct(needs)
    return [{ ...image, neededBy, removeWith: neededBy.length > 0 ? null : removeCommand(image, ownRefs) }]
  })
  return listed.sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1))
}

/** As the daemon lists it: a digest stands beside the tag there, not behind it. */
function namesOf({ ref, id }: ImageNaming): readonly string[] {
  const parsed = ref === null ? null : parseImageReference(ref)
  if (parsed?.kind !== 'valid') return id === null ? [] : [id]
  const { familiar, digest } = parsed.reference
  const names = digest === null ? [familiar] : [`${repositoryOf(familiar)}@${digest}`]
  return id === null ? names : [...names, id]
}

/** Of a reference in familiar form. */
function repositoryOf(ref: string): string {
  const named = ref.split('@')[0] ?? ref
  const colon = named.indexOf(':', named.lastIndexOf('/') + 1)
  return colon === -1 ? named : named.slice(0, colon)
}

const KINDS: readonly ImageNeed['kind'][] = ['Game', 'EngineVersion', 'Container']

function distinct(needs: readonly ImageNeed[]): readonly ImageNeed[] {
  const byKey = new Map(needs.map((need) => [`${KINDS.indexOf(need.kind)} ${need.name}`, need]))
  return [...byKey].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, need]) => need)
}

/** By its names, so that a name that somebody else gave it keeps it; Docker itself refuses one that a container keeps. */
function removeCommand({ id, refs }: HostImage, ownRefs: readonly string[]): string {
  const names = ownRefs.length > 0 ? ownRefs : refs
  const tags = names.filter((ref) => !ref.includes('@'))
  return `docker rmi ${(tags.length > 0 ? tags : names.length > 0 ? names : [id.replace(/^sha256:/, '').slice(0, 12)]).join(' ')}`
}

function nameOf({ id, refs }: HostImage): string {
  return refs[0] ?? id
}

/** The repositories that the template gives for these engines. */
export function templateRepositories(engines: Iterable<string>, policy: ImagePolicy): ReadonlySet<string> {
  // The version itself is of no matter here: a template that has it in the repository gives one that nothing else is in.
  const refs = [...engines].flatMap((engine) => templateRef({ engine, version: '0.0.0' }, policy) ?? [])
  return new Set(refs.map(repositoryOf))
}

/** Which image the registry's row means; null where the template gives none that can be read. */
export function versionRef(
  row: { readonly engine: string; readonly version: string; readonly image_ref: string | null },
  policy: ImagePolicy,
): string | null {
  return row.image_ref ?? templateRef(row, policy)
}

function templateRef({ engine, version }: { readonly engine: string; readonly version: string }, policy: ImagePolicy): string | null {
  const question = { engine, engineVersion: version, imageRef: null }
  const answer = resolveImage(question, toVersion({ engine, version }), policy, true)
  return answer.kind === 'resolved' ? answer.imageRef : null
}
