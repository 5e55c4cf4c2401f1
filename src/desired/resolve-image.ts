import semver from 'semver'
import type { DesiredGame, EngineVersion, Probe, Protocol, PublishedPort, Relaxations } from '../model/game.ts'
import { type ImageReference, parseImageReference } from './image-reference.ts'
import { show } from './problem.ts'

export interface ImagePolicy {
  /** Image of a version that names none, with `{version}` (and perhaps `{engine}`) in it. */
  readonly imageTemplate: string
  /**
   * `host`, `host/team` or `host/team/engine` with all below, `host/team/*` with what is below alone; null allows all. The template is the operator's own
   * and always allowed.
   */
  readonly allowedRegistries: readonly string[] | null
}

/** Which image runs a game, and how. */
export interface ResolvedImage {
  readonly kind: 'resolved'
  /** In familiar form, with tag or digest. */
  readonly imageRef: string
  readonly engineVersion: string | null
  readonly protocol: Protocol
  readonly probe: Probe
  readonly port: number
  readonly command: readonly string[] | null
  readonly env: Readonly<Record<string, string>>
  readonly publish: readonly PublishedPort[]
  readonly relax: Relaxations
}

export type ImageAnswer =
  | ResolvedImage
  | {
      readonly kind: 'refused'
      readonly code: 'start_config_invalid'
      readonly message: string
    }

export type ImageQuestion = Pick<DesiredGame, 'engine' | 'engineVersion' | 'imageRef'>

const DEFAULT_PORT = 8080

/**
 * Resolves what a game asks for: its own image, else the registry's, else the template (spec 2, "Engine-version registry").
 *
 * @param version the registry's row of the game's engine and version, undefined when there is none
 * @param runsAlready whether the game was accepted with this very version before: disabling it leaves such a game alone
 */
export function resolveImage(
  game: ImageQuestion,
  version: EngineVersion | undefined,
  policy: ImagePolicy,
  runsAlready = false,
): ImageAnswer {
  if (game.engineVersion === null) return resolveAlone(game.imageRef, policy)
  const wanted = `engine version ${game.engine} ${game.engineVersion}`
  if (version === undefined) return refused(`${wanted} is not registered; apply an EngineVersion for it, or choose another`)
  if (!version.enabled && !runsAlready) return refused(`${wanted} is disabled and starts no new game; enable it, or choose another`)
  const own = game.imageRef ?? version.imageRef
  const image = own === null ? fromTemplate(version, policy) : allowed(own, policy)
  if (image.kind === 'refused') return image
  return {
    kind: 'resolved',
    imageRef: image.reference.familiar,
    engineVersion: game.engineVersion,
    protocol: version.protocol,
    probe: version.probe ?? defaultProbe(version.protocol, version.port),
    port: version.port,
    command: version.command,
    env: version.env,
    publish: version.publish,
    relax: version.relax,
  }
}

/** An image without a version: its tag is the version where it is one, and nothing is known of how to talk to it. */
function resolveAlone(imageRef: string | null, policy: ImagePolicy): ImageAnswer {
  if (imageRef === null) return refused('neither engineVersion nor image is given; one of them is needed')
  const image = allowed(imageRef, policy)
  if (image.kind === 'refused') return image
  return {
    kind: 'resolved',
    imageRef: image.reference.familiar,
    engineVersion: semver.valid(image.reference.tag) === image.reference.tag ? image.reference.tag : null,
    protocol: 'none',
    probe: { none: true },
    port: DEFAULT_PORT,
    command: null,
    env: {},
    publish: [],
    relax: {},
  }
}

type ImageFound = { readonly kind: 'found'; readonly reference: ImageReference } | ReturnType<typeof refused>

/** Reads an image reference that somebody gave, and holds it against the allow-list. */
function allowed(imageRef: string, policy: ImagePolicy): ImageFound {
  const parsed = parseImageReference(imageRef)
  if (parsed.kind === 'invalid') return refused(`image ${show(imageRef)} cannot be read; expected ${parsed.expected}`)
  const objection = registryObjection(parsed.reference, policy.allowedRegistries)
  return objection === null
    ? { kind: 'found', reference: parsed.reference }
    : refused(`image ${parsed.reference.familiar} may not be used; expected ${objection}`)
}

function fromTemplate(version: EngineVersion, policy: ImagePolicy): ImageFound {
  // A tag cannot hold the + of build metadata; by custom it becomes an underscore.
  const text = policy.imageTemplate.replaceAll('{version}', version.version.replaceAll('+', '_')).replaceAll('{engine}', version.engine)
  const parsed = parseImageReference(text)
  return parsed.kind === 'valid'
    ? { kind: 'found', reference: parsed.reference }
    : refused(`the image template gives ${show(text)}; expected ${parsed.expected}`)
}

/** What the allow-list asks for instead, or null when the image may be used. */
export function registryObjection(image: ImageReference, allowedRegistries: readonly string[] | null): string | null {
  if (allowedRegistries === null) return null
  const place = `${image.registry}/${image.repository}`
  if (allowedRegistries.some((entry) => covers(entry, place.toLowerCase()))) return null
  return `an image from ${allowedRegistries.join(', ') || 'no registry at all'} instead of ${place}`
}

/** Whole parts only: neither a host nor a team is covered by one whose name it begins with. */
function covers(entry: string, place: string): boolean {
  const plain = entry.toLowerCase().replace(/^index\.docker\.io(?=\/|$)/, 'docker.io')
  if (plain.endsWith('/*')) return place.startsWith(plain.slice(0, -1))
  const named = plain.replace(/\/+$/, '')
  return place === named || place.startsWith(`${named}/`)
}

function defaultProbe(protocol: Protocol, port: number): Probe {
  return protocol === 'galaxy' ? { http: { path: '/healthz', port } } : { none: true }
}

function refused(message: string) {
  return { kind: 'refused', code: 'start_config_invalid', message } as const
}
