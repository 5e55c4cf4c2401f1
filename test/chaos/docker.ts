import { Readable } from 'node:stream'
import { readFilters } from '../../simulator/calls/filters.ts'
import type { Answer } from '../../simulator/calls/process.ts'
import type { Daemon } from '../../simulator/daemon.ts'
import { routeOf } from '../../simulator/server/routes.ts'
import type { Caller } from '../../simulator/world/history.ts'
import { type DockerCall, withDeadline } from '../../src/docker/calls.ts'
import type { DockerClients } from '../../src/docker/client.ts'
import { fromModem } from '../../src/docker/errors.ts'
import { untilAborted } from './engines.ts'
import type { Life } from './life.ts'

const GAME_LABEL = 'com.galaxy.game_id'

/** The daemon as the controller of this life reaches it: what `connectDocker` gives, without a socket between. */
export function dockerOf(life: Life, daemon: Daemon, callMs: number): DockerClients {
  const outgoing = (call: DockerCall, signal: AbortSignal) =>
    ({ by: 'docker', kind: call.kind, game: gameOf(daemon, call), isWrite: call.method !== 'GET', signal }) as const
  return {
    apiVersion: daemon.settings.apiVersion,
    daemonVersion: daemon.settings.version,
    callMs,
    clock: life.clock,
    send: (call, signal) =>
      withDeadline(
        call.deadlineMs ?? callMs,
        call.kind,
        signal,
        (signal) => life.call({ ...outgoing(call, signal), signal }, () => send(daemon, call)),
        life.clock,
      ),
    open: (call, signal) => {
      signal.throwIfAborted()
      const open = call.kind === 'events' ? follow : pull
      return untilAborted(
        life.call(outgoing(call, signal), () => open(life, daemon, call, signal)),
        signal,
      )
    },
    close: () => {},
  }
}

/** Begins a call of whoever this is; `onEnd` hears how it ended, unless it hangs. */
export function beginCall(
  daemon: Daemon,
  caller: Caller,
  request: {
    readonly method: string
    readonly path: string
    readonly query: URLSearchParams
    readonly body: unknown
    readonly hasLogin: boolean
  },
  onEnd: (outcome: Answer | 'dropped') => void,
  onLine: (line: unknown) => void = () => {},
): void {
  const route = routeOf({ ...request, registry: daemon.registry, images: null })
  if (route === null) throw new Error(`the simulated daemon knows no ${request.method} ${request.path}`)
  const labels = labelsOf(request.body)
  const wanted = route.kind === 'container_create' ? { name: request.query.get('name'), labels } : null
  daemon.call({ ...route, caller, wanted }, { tell: onLine, answer: onEnd, drop: () => onEnd('dropped') })
}

function send(daemon: Daemon, call: DockerCall): Promise<unknown> {
  if (daemon.isDown) return Promise.reject(unreachable(call))
  return new Promise((resolve, reject) => {
    beginCall(daemon, 'docker', requestOf(call), (outcome) => {
      if (outcome === 'dropped') return reject(fromModem(new Error('socket hang up'), call.kind))
      const body = outcome.body === undefined ? '' : plain(outcome.body)
      if ([200, 201, 204].includes(outcome.status)) resolve(body)
      else reject(fromModem({ statusCode: outcome.status, json: body }, call.kind))
    })
  })
}

/** Lines go through the gate one by one, in their order. */
function linesFor(life: Life, label: string): { readonly stream: Readable; push(line: string | null): void } {
  const stream = new Readable({ read: () => {} })
  const lines: (string | null)[] = []
  const announce = (): void =>
    life.tell(label, () => {
      const line = lines.shift()
      if (line !== undefined && !stream.destroyed) stream.push(line)
      if (lines.length > 0) announce()
    })
  const push = (line: string | null): void => {
    lines.push(line)
    if (lines.length === 1) announce()
  }
  return { stream, push }
}

async function follow(life: Life, daemon: Daemon, call: DockerCall, signal: AbortSignal): Promise<Readable> {
  if (daemon.isDown) throw unreachable(call)
  const { query } = requestOf(call)
  const { stream, push } = linesFor(life, 'event')
  const leave = daemon.follow(readFilters(query.get('filters')), sinceOf(query), null, push, () => push(null))
  const end = (): void => {
    leave()
    stream.destroy(new Error('aborted'))
  }
  stream.on('error', () => {})
  signal.addEventListener('abort', end, { once: true })
  life.signal.addEventListener('abort', leave, { once: true })
  stream.once('close', () => {
    leave()
    signal.removeEventListener('abort', end)
    life.signal.removeEventListener('abort', leave)
  })
  return stream
}

function pull(life: Life, daemon: Daemon, call: DockerCall, signal: AbortSignal): Promise<Readable> {
  if (daemon.isDown) return Promise.reject(unreachable(call))
  const { stream, push } = linesFor(life, 'pull progress')
  stream.on('error', () => {})
  signal.addEventListener('abort', () => stream.destroy(new Error('aborted')), { once: true })
  return new Promise((resolve, reject) => {
    beginCall(
      daemon,
      'docker',
      requestOf(call),
      (outcome) => {
        if (outcome === 'dropped') stream.destroy(new Error('aborted'))
        const isRefused = outcome !== 'dropped' && outcome.status >= 400
        if (outcome === 'dropped') reject(fromModem(new Error('socket hang up'), call.kind))
        else if (isRefused) reject(fromModem({ statusCode: outcome.status, json: plain(outcome.body) }, call.kind))
        else resolve(stream)
        push(null)
      },
      (line) => {
        resolve(stream)
        if (line !== undefined) push(`${JSON.stringify(line)}\r\n`)
      },
    )
  })
}

function requestOf({ method, path, query = {}, body, registryAuth }: DockerCall) {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== null)
  const texts = given.map(([name, value]) => [name, typeof value === 'object' ? JSON.stringify(value) : String(value)])
  return { method, path, query: new URLSearchParams(texts), body: plain(body), hasLogin: registryAuth !== undefined }
}

function gameOf(daemon: Daemon, { path, query, body }: DockerCall): string | null {
  const reference = /^\/containers\/([^/]+)/.exec(path)?.[1]
  if (reference === undefined) return null
  const name = decodeURIComponent(reference)
  const container = daemon.world.container(name) ?? daemon.world.container(daemon.world.nameHolder(name) ?? '')
  return (
    container?.config.Labels?.[GAME_LABEL] ?? labelsOf(body)[GAME_LABEL] ?? (typeof query?.['name'] === 'string' ? query['name'] : null)
  )
}

function labelsOf(body: unknown): Readonly<Record<string, string>> {
  return { ...(body as { readonly Labels?: Record<string, string> } | undefined)?.Labels } // of a create; anything else has none
}

function sinceOf(query: URLSearchParams): bigint | null {
  const [seconds = '', fraction = ''] = (query.get('since') ?? '').split('.')
  return seconds === '' ? null : BigInt(seconds) * 1_000_000_000n + BigInt(fraction.padEnd(9, '0'))
}

function unreachable({ kind }: DockerCall): unknown {
  return fromModem(new Error('connect ENOENT /var/run/docker.sock'), kind)
}

/** As JSON carries it. */
function plain(value: unknown): unknown {
  return value === undefined || typeof value === 'string' ? value : JSON.parse(JSON.stringify(value))
}
