import { parseFamiliarName } from '@swimlane/docker-reference'

/** A Docker image reference, taken apart and normalised (distribution/reference: `ParseNormalizedNamed`, `FamiliarString`). */
export interface ImageReference {
  /** As `docker` prints it: no `docker.io/library/`, tag `latest` where neither tag nor digest was given. */
  readonly familiar: string
  /** Host, with port where given; `docker.io` where the reference names none. */
  readonly registry: string
  readonly repository: string
  /** Null when a digest alone was given. */
  readonly tag: string | null
  readonly digest: string | null
}

export type ParsedReference =
  | { readonly kind: 'valid'; readonly reference: ImageReference }
  | { readonly kind: 'invalid'; readonly expected: string }

const MAX_LENGTH = 512
const DEFAULT_REGISTRY = 'docker.io'
const OFFICIAL = 'library/'

/** Parses by the full reference grammar; never throws, and takes time linear in the text. */
export function parseImageReference(text: string): ParsedReference {
  const expected = objection(text)
  if (expected !== null) return { kind: 'invalid', expected }
  try {
    const parsed = parseFamiliarName(text)
    return {
      kind: 'valid',
      reference: normalise(parsed.domain ?? DEFAULT_REGISTRY, parsed.repository ?? '', parsed.tag ?? null, parsed.digest ?? null),
    }
  } catch (error) {
    return {
      kind: 'invalid',
      expected: `an image reference (${error instanceof Error ? error.message : String(error)})`,
    }
  }
}

const DOMAIN = /^[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*(?::[0-9]+)?$/
const COMPONENT = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/
const TAG = /^\w[\w.-]{0,127}$/
const ALGORITHM_HEX_LENGTH: Readonly<Record<string, number>> = {
  sha256: 64,
  sha384: 96,
  sha512: 128,
}

/**
 * What is wrong, judged without backtracking. The library's own pattern nests an empty-able separator in a repetition and
 * takes exponential time on fifty letters and a stray character, so it only ever sees text that passes here.
 */
function objection(text: string): string | null {
  if (text === '' || text.length > MAX_LENGTH) return `an image reference of 1 to ${MAX_LENGTH} characters`
  if (/^[a-f0-9]{64}$/.test(text) || /^sha256:[a-f0-9]{64}$/i.test(text))
    return 'an image reference, not an image id; name it as repository@sha256:…'
  const [named = '', digest, ...more] = text.split('@')
  if (more.length > 0) return 'an image reference with at most one @digest'
  if (digest !== undefined && !isDigest(digest)) return 'a digest such as sha256: and 64 hexadecimal digits after the @'
  return taggedObjection(named)
}

function taggedObjection(named: string): string | null {
  const colon = named.indexOf(':', named.lastIndexOf('/') + 1)
  if (colon === -1) return nameObjection(named)
  if (!TAG.test(named.slice(colon + 1))) return 'a tag of at most 128 letters, digits, _, . or - after the colon'
  return nameObjection(named.slice(0, colon))
}

function nameObjection(name: string): string | null {
  const parts = name.split('/')
  const first = parts[0] ?? ''
  const hasDomain = parts.length > 1 && (/[.:]/.test(first) || first === 'localhost')
  if (hasDomain && !DOMAIN.test(first)) return 'a registry host such as registry.example.com:5000 before the first slash'
  const components = hasDomain ? parts.slice(1) : parts
  if (components.some((part) => /[A-Z]/.test(part))) return 'a repository name in lower case'
  if (!components.every((part) => COMPONENT.test(part))) return 'an image reference such as registry.example.com/team/engine:1.0.0'
  return null
}

function isDigest(digest: string): boolean {
  const [algorithm = '', hex = '', ...more] = digest.split(':')
  return (
    more.length === 0 &&
    /^[a-f0-9]+$/.test(hex) &&
    Object.hasOwn(ALGORITHM_HEX_LENGTH, algorithm) &&
    hex.length === ALGORITHM_HEX_LENGTH[algorithm]
  )
}

function normalise(registry: string, repository: string, tag: string | null, digest: string | null): ImageReference {
  const isOfficial = registry === DEFAULT_REGISTRY && repository.startsWith(OFFICIAL) && !repository.slice(OFFICIAL.length).includes('/')
  const name = isOfficial ? repository.slice(OFFICIAL.length) : registry === DEFAULT_REGISTRY ? repository : `${registry}/${repository}`
  const effectiveTag = tag ?? (digest === null ? 'latest' : null)
  const familiar = `${name}${effectiveTag === null ? '' : `:${effectiveTag}`}${digest === null ? '' : `@${digest}`}`
  return { familiar, registry, repository, tag: effectiveTag, digest }
}
