import { LABEL } from '../../../src/model/labels.ts'

/** A call of the Engine API as faults are aimed at it: the kinds are those of the controller's own calls. */
export interface DockerCall {
  readonly kind: string
  /** Id or name in the path, or the name a create asks for; null where the call is about no single object. */
  readonly target: string | null
  readonly path: string
  readonly query: URLSearchParams
}

const CONTAINER = String.raw`^/containers/([^/]+)`

const ROUTES: readonly (readonly [method: string, path: RegExp, kind: string])[] = [
  ['GET', /^\/_ping$/, 'ping'],
  ['GET', /^\/version$/, 'version'],
  ['GET', /^\/info$/, 'info'],
  ['GET', /^\/events$/, 'events'],
  ['GET', /^\/containers\/json$/, 'container_list'],
  ['POST', /^\/containers\/create$/, 'container_create'],
  ['GET', new RegExp(`${CONTAINER}/json$`), 'container_inspect'],
  ['DELETE', new RegExp(`${CONTAINER}$`), 'container_remove'],
  ...['start', 'stop', 'kill', 'rename', 'update'].map(
    (verb) => ['POST', new RegExp(`${CONTAINER}/${verb}$`), `container_${verb}`] as const,
  ),
  ['GET', /^\/images\/json$/, 'image_list'],
  ['GET', /^\/images\/(.+)\/json$/, 'image_inspect'],
  ['POST', /^\/images\/create$/, 'image_pull'],
  ['GET', /^\/networks$/, 'network_list'],
  ['POST', /^\/networks\/create$/, 'network_create'],
  ['DELETE', /^\/networks\/([^/]+)$/, 'network_remove'],
  ['POST', /^\/networks\/([^/]+)\/disconnect$/, 'network_disconnect'],
]

/** Calls that change something; `other` is everything that has no kind of its own. */
const LOOKS: ReadonlySet<string> = new Set([
  'ping',
  'version',
  'info',
  'events',
  'container_list',
  'container_inspect',
  'image_list',
  'image_inspect',
  'network_list',
  'other',
])

export function isWrite(kind: string): boolean {
  return !LOOKS.has(kind)
}

/** @param url with or without the API version in front */
export function parseCall(method: string, url: string): DockerCall {
  const { pathname, searchParams: query } = new URL(url, 'http://docker')
  const path = pathname.replace(/^\/v1\.\d+(?=\/)/, '')
  for (const [wanted, pattern, kind] of ROUTES) {
    const match = wanted === method ? pattern.exec(path) : null
    if (match !== null) return { kind, target: match[1] === undefined ? query.get('name') : decodeURIComponent(match[1]), path, query }
  }
  return { kind: 'other', target: null, path, query }
}

/** Of a create's body. */
export function gameIdOf(body: Buffer | null): string | null {
  if (body === null) return null
  const { Labels } = JSON.parse(body.toString()) as { Labels?: Record<string, string> } // what a Docker client sends to create
  return Labels?.[LABEL.gameId] ?? null
}
