import { infoJson, versionJson } from '../answers/system.ts'
import { pauseContainer, renameContainer, updateContainer, waitContainer } from '../calls/change.ts'
import { createContainer } from '../calls/create.ts'
import { readFilters } from '../calls/filters.ts'
import { inspectImage, listImages, removeImage, tagImage } from '../calls/images.ts'
import { loadImages } from '../calls/load.ts'
import { inspectContainer, listContainers, statContainer } from '../calls/looks.ts'
import { connectNetwork, createNetwork, disconnectNetwork, inspectNetwork, listNetworks, removeNetwork } from '../calls/networks.ts'
import { type Answer, type CallContext, type Process, Refusal } from '../calls/process.ts'
import { pullImage } from '../calls/pull.ts'
import { removeContainer } from '../calls/remove.ts'
import type { RegistryImage } from '../calls/settings.ts'
import { killContainer } from '../calls/signal.ts'
import { startContainer } from '../calls/start.ts'
import { restartContainer, stopContainer } from '../calls/stop.ts'
import type { Image } from '../world/image.ts'

/** A request, read but not yet understood. */
export interface ApiRequest {
  readonly method: string
  /** Without the API version. */
  readonly path: string
  readonly query: URLSearchParams
  /** JSON; undefined where there is none. */
  readonly body: unknown
  /** `X-Registry-Auth` holds a login. */
  readonly hasLogin: boolean
  readonly registry: readonly RegistryImage[]
  /** Of an image archive that was sent; null where none was. */
  readonly images: readonly Image[] | null
}

export interface Route {
  /** As the controller's adapter names the call. */
  readonly kind: string
  readonly target: string
  run(context: CallContext): Process<Answer> | Answer
}

/** Null for what this daemon has no answer to. */
export function routeOf(request: ApiRequest): Route | null {
  const path = decoded(request.path)
  if (path === null) return null
  const fitting = ROUTES.find(({ method, pattern }) => isMethod(method, request.method) && pattern.test(path))
  if (fitting === undefined) return null
  const target = fitting.pattern.exec(path)?.[1] ?? ''
  return { kind: fitting.kind, target, run: (context) => fitting.run(context, target, request) }
}

interface Pattern {
  readonly method: string
  readonly pattern: RegExp
  readonly kind: string
  run(context: CallContext, target: string, request: ApiRequest): Process<Answer> | Answer
}

const ROUTES: readonly Pattern[] = [
  on('GET', /^\/_ping$/, 'ping', () => ({ status: 200, body: 'OK' })),
  on('GET', /^\/version$/, 'version', ({ settings }) => ({ status: 200, body: versionJson(settings) })),
  on('GET', /^\/info$/, 'info', (context) => ({ status: 200, body: infoJson(context.settings, context.world, context.nowMs()) })),

  on('GET', /^\/containers\/json$/, 'container_list', (context, _, { query }) =>
    listContainers(context, isSet(query, 'all'), Number(query.get('limit') ?? 0), readFilters(query.get('filters'))),
  ),
  on('POST', /^\/containers\/create$/, 'container_create', (context, _, { query, body }) =>
    createContainer(context, nonEmpty(query.get('name')), body),
  ),
  on('GET', /^\/containers\/([^/]+)\/json$/, 'container_inspect', inspectContainer),
  on('GET', /^\/containers\/([^/]+)\/stats$/, 'container_stats', statContainer),
  on('GET', /^\/containers\/([^/]+)\/logs$/, 'container_logs', () => {
    throw new Refusal(501, 'a simulated container writes no log')
  }),
  on('POST', /^\/containers\/([^/]+)\/start$/, 'container_start', startContainer),
  on('POST', /^\/containers\/([^/]+)\/stop$/, 'container_stop', (context, target, { query }) =>
    stopContainer(context, target, seconds(query)),
  ),
  on('POST', /^\/containers\/([^/]+)\/restart$/, 'container_restart', (context, target, { query }) =>
    restartContainer(context, target, seconds(query)),
  ),
  on('POST', /^\/containers\/([^/]+)\/kill$/, 'container_kill', (context, target, { query }) =>
    killContainer(context, target, query.get('signal') || 'SIGKILL'),
  ),
  on('POST', /^\/containers\/([^/]+)\/rename$/, 'container_rename', (context, target, { query }) =>
    renameContainer(context, target, query.get('name') ?? ''),
  ),
  on('POST', /^\/containers\/([^/]+)\/update$/, 'container_update', (context, target, { body }) => updateContainer(context, target, body)),
  on('POST', /^\/containers\/([^/]+)\/pause$/, 'container_pause', (context, target) => pauseContainer(context, target, true)),
  on('POST', /^\/containers\/([^/]+)\/unpause$/, 'container_unpause', (context, target) => pauseContainer(context, target, false)),
  on('POST', /^\/containers\/([^/]+)\/wait$/, 'container_wait', (context, target, { query }) =>
    waitContainer(context, target, query.get('condition') ?? ''),
  ),
  on('DELETE', /^\/containers\/([^/]+)$/, 'container_remove', (context, target, { query }) =>
    removeContainer(context, target, isSet(query, 'force')),
  ),

  on('GET', /^\/networks\/?$/, 'network_list', (context, _, { query }) => listNetworks(context, readFilters(query.get('filters')))),
  on('POST', /^\/networks\/create$/, 'network_create', (context, _, { body }) => createNetwork(context, body)),
  on('GET', /^\/networks\/([^/]+)$/, 'network_inspect', inspectNetwork),
  on('DELETE', /^\/networks\/([^/]+)$/, 'network_remove', removeNetwork),
  on('POST', /^\/networks\/([^/]+)\/connect$/, 'network_connect', (context, target, { body }) => connectNetwork(context, target, body)),
  on('POST', /^\/networks\/([^/]+)\/disconnect$/, 'network_disconnect', (context, target, { body }) =>
    disconnectNetwork(context, target, body),
  ),

  on('GET', /^\/images\/json$/, 'image_list', (context, _, { query }) => listImages(context, readFilters(query.get('filters')))),
  on('POST', /^\/images\/create$/, 'image_pull', (context, _, { query, registry, hasLogin }) =>
    pullImage(context, registry, { fromImage: query.get('fromImage') ?? '', tag: query.get('tag') ?? '', hasLogin }),
  ),
  on('POST', /^\/images\/load$/, 'image_load', (context, _, { images }) => loadImages(context, images)),
  on('GET', /^\/images\/(.+)\/json$/, 'image_inspect', inspectImage),
  on('POST', /^\/images\/(.+)\/tag$/, 'image_tag', (context, target, { query }) =>
    tagImage(context, target, query.get('repo') ?? '', query.get('tag') ?? ''),
  ),
  on('DELETE', /^\/images\/(.+)$/, 'image_remove', (context, target, { query }) => removeImage(context, target, isSet(query, 'force'))),
]

function on(method: string, pattern: RegExp, kind: string, run: Pattern['run']): Pattern {
  return { method, pattern, kind, run }
}

function isMethod(method: string, asked: string): boolean {
  return method === asked || (method === 'GET' && asked === 'HEAD')
}

function decoded(path: string): string | null {
  try {
    return decodeURIComponent(path)
  } catch {
    return null
  }
}

/** As Docker reads a boolean of a query. */
function isSet(query: URLSearchParams, name: string): boolean {
  const value = (query.get(name) ?? '').toLowerCase()
  return !['', '0', 'no', 'false', 'none'].includes(value)
}

function seconds(query: URLSearchParams): number | null {
  const text = query.get('t')
  if (text === null || text === '') return null
  const value = Number(text)
  if (Number.isInteger(value)) return value
  throw new Refusal(400, `strconv.Atoi: parsing "${text}": invalid syntax`)
}

function nonEmpty(text: string | null): string | null {
  return text === '' ? null : text
}
