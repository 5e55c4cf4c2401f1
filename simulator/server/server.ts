import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { json } from 'node:stream/consumers'
import { type Answer, Refusal } from '../calls/process.ts'
import type { Daemon } from '../daemon.ts'
import type { Caller } from '../world/history.ts'
import { answerControl } from './control.ts'
import { followEvents } from './follow.ts'
import { readImageArchive } from './image-archive.ts'
import { routeOf } from './routes.ts'

export interface ApiServer {
  /** Takes no more connections and breaks those there are; the socket's file goes. */
  stop(): Promise<void>
}

export interface ServerOptions {
  readonly daemon: Daemon
  readonly socketPath: string
  /** Whose calls these are in the history; faults strike only those of `docker`. */
  readonly caller: Caller
  /** Lets time pass, where it is virtual; null where it is not. */
  readonly advance: ((ms: number) => void) | null
}

/** Serves the Engine API, and the simulator's own paths, on a unix socket. */
export async function startApiServer(options: ServerOptions): Promise<ApiServer> {
  rmSync(options.socketPath, { force: true })
  const server = createServer({ keepAliveTimeout: 600_000 }, (request, response) => void serve(options, request, response))
  server.listen(options.socketPath)
  await once(server, 'listening')
  return { stop: () => close(server) }
}

async function close(server: Server): Promise<void> {
  const closed = once(server, 'close')
  server.close()
  server.closeAllConnections()
  await closed
}

async function serve(options: ServerOptions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { daemon } = options
  const url = new URL(request.url ?? '/', 'http://docker')
  response.on('error', () => undefined)
  try {
    const path = withoutVersion(daemon, url.pathname)
    setHeaders(daemon, response)
    if (path.startsWith('/_simulator/')) return send(response, request, await answerControl(options, request, path, url.searchParams))
    if (path === '/events' && request.method === 'GET') return followEvents(daemon, url.searchParams, response)
    await dispatch(options, request, path, url.searchParams, response)
  } catch (error) {
    if (error instanceof Refusal) return send(response, request, { status: error.status, body: { message: error.message } })
    // The caller has gone while its body was read.
    response.destroy()
  }
}

async function dispatch(
  { daemon, caller }: ServerOptions,
  request: IncomingMessage,
  path: string,
  query: URLSearchParams,
  response: ServerResponse,
): Promise<void> {
  const isArchive = path === '/images/load'
  const images = isArchive ? await readImageArchive(request, daemon.nowMs()) : null
  const body = isArchive ? undefined : await readBody(request)
  const hasLogin = 'x-registry-auth' in request.headers
  const route = routeOf({ method: request.method ?? 'GET', path, query, body, hasLogin, registry: daemon.registry, images })
  if (route === null) throw new Refusal(404, 'page not found')
  if (route.kind === 'container_create') requireJson(request)
  const wanted = route.kind === 'container_create' ? { name: query.get('name'), labels: labelsOf(body) } : null
  daemon.call(
    { ...route, caller, wanted },
    {
      tell: (line) => {
        if (!response.headersSent) response.writeHead(200, { 'content-type': 'application/json' })
        if (line === undefined) response.flushHeaders()
        else response.write(`${JSON.stringify(line)}\r\n`)
      },
      answer: (answer) =>
        response.headersSent ? response.end(answer.body === undefined ? '' : JSON.stringify(answer.body)) : send(response, request, answer),
      drop: () => response.destroy(),
    },
  )
}

function withoutVersion(daemon: Daemon, path: string): string {
  const asked = /^\/v(\d+)\.(\d+)(?=\/)/.exec(path)
  if (asked === null) return path
  const { apiVersion, oldestApiVersion } = daemon.settings
  const minor = (version: string) => Number(version.split('.')[1])
  const [prefix, , wanted = '0'] = asked
  const version = prefix.slice(2)
  if (Number(wanted) > minor(apiVersion))
    throw new Refusal(400, `client version ${version} is too new. Maximum supported API version is ${apiVersion}`)
  if (Number(wanted) < minor(oldestApiVersion)) {
    throw new Refusal(
      400,
      `client version ${version} is too old. Minimum supported API version is ${oldestApiVersion}, please upgrade your client to a newer version`,
    )
  }
  return path.slice(prefix.length)
}

function setHeaders({ settings }: Daemon, response: ServerResponse): void {
  response.setHeader('Api-Version', settings.apiVersion)
  response.setHeader('Docker-Experimental', 'false')
  response.setHeader('Ostype', 'linux')
  response.setHeader('Server', `Docker/${settings.version} (linux)`)
}

/** Docker takes JSON only, and says so for a create. */
function requireJson(request: IncomingMessage): void {
  const type = request.headers['content-type'] ?? ''
  if (!type.startsWith('application/json')) throw new Refusal(400, `Content-Type specified (${type}) must be 'application/json'`)
}

async function readBody(request: IncomingMessage): Promise<unknown> {
  if (request.method !== 'POST' || request.headers['content-length'] === '0') return undefined
  try {
    return await json(request)
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

function labelsOf(body: unknown): Readonly<Record<string, string>> {
  if (typeof body !== 'object' || body === null || !('Labels' in body)) return {}
  return typeof body.Labels === 'object' && body.Labels !== null ? { ...body.Labels } : {}
}

function send(response: ServerResponse, request: IncomingMessage, { status, body }: Answer): void {
  if (body === undefined || request.method === 'HEAD') {
    response.writeHead(status)
    response.end()
    return
  }
  const isText = typeof body === 'string'
  const text = isText ? body : `${JSON.stringify(body)}\n`
  response.writeHead(status, {
    'content-type': isText ? 'text/plain; charset=utf-8' : 'application/json',
    'content-length': Buffer.byteLength(text),
  })
  response.end(text)
}
