import { once } from 'node:events'
import http from 'node:http'
import { connect, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { buffer } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import type { DockerAddress } from '../../../src/local/docker-address.ts'
import { type DockerCall, gameIdOf, parseCall } from './docker-call.ts'
import type { DockerFault, DockerRule, Injection } from './docker-fault.ts'
import { DockerRecord, type PassedCall } from './docker-record.ts'
import { type EngineEvent, EventStreams, type EventTap } from './event-tap.ts'
import { type Armed, Injections } from './injections.ts'

/** Stands in front of a real daemon: passes everything on, except what it was told to spoil. */
export interface DockerFaultProxy {
  readonly address: DockerAddress & { readonly kind: 'socket' }
  readonly record: DockerRecord
  readonly events: EventTap
  inject(rule: DockerRule): Injection
  /** Ends all faults of calls. */
  liftAll(): void
  close(): Promise<void>
}

interface Exchange {
  readonly call: DockerCall
  readonly index: number
  readonly body: Buffer | null
  readonly request: http.IncomingMessage
  readonly response: http.ServerResponse
}

type Rigged = Armed<DockerFault & { readonly list?: Buffer | undefined }>

/**
 * @param socketPath where to listen; at most 107 bytes
 * @param daemon without TLS
 */
export async function startDockerFaultProxy(socketPath: string, daemon: DockerAddress): Promise<DockerFaultProxy> {
  const record = new DockerRecord()
  const events = new EventStreams()
  const injections = new Injections<PassedCall, Rigged['fault']>()
  let lastList: Buffer | undefined
  const place = daemon.kind === 'socket' ? { socketPath: daemon.socketPath } : { host: daemon.host, port: daemon.port }

  const serve = async (request: http.IncomingMessage, response: http.ServerResponse): Promise<void> => {
    const call = parseCall(request.method ?? '', request.url ?? '')
    const body = request.headers['content-type']?.startsWith('application/json') === true ? await buffer(request) : null
    const index = record.begin(call, call.kind === 'container_create' ? gameIdOf(body) : null)
    const exchange = { call, index, body, request, response }
    const armed = injections.take(record.of(index))
    if (armed !== null) record.befell(index, armed.fault.kind)
    if (armed?.fault.kind === 'answer') return reply(response, armed.fault.status, Buffer.from(armed.fault.body))
    if (armed?.fault.kind === 'hang' && armed.fault.effect === 'before') return armed.onLift(() => response.destroy())
    if (armed?.fault.kind === 'delay') await delay(armed.fault.delayMs)
    await forward(exchange, armed)
  }

  const forward = async ({ call, index, body, request, response }: Exchange, armed: Rigged | null): Promise<void> => {
    const outgoing = http.request({ ...place, method: request.method, path: request.url, headers: headersTo(request, body), agent: false })
    record.forwarded(index)
    if (body === null) request.pipe(outgoing)
    else outgoing.end(body)
    const [answer] = (await once(outgoing, 'response')) as [http.IncomingMessage]
    const status = answer.statusCode ?? 0
    if (isStream(call, answer)) {
      record.answered(index, status, Buffer.alloc(0))
      response.writeHead(status, headersOf(answer)).flushHeaders()
      if (call.kind === 'events') events.pass(call.query.get('filters') ?? '', answer, response)
      else answer.pipe(response).on('close', () => answer.destroy())
      return
    }
    const answered = await buffer(answer)
    record.answered(index, status, answered)
    if (call.kind === 'container_list' && status === 200 && armed === null) lastList = answered
    finish(response, status, headersOf(answer), answered, armed)
  }

  const server = http.createServer((request, response) => {
    // Who has hung up gets no answer; what was asked is done all the same.
    for (const side of [request, response]) side.on('error', () => {})
    serve(request, response).catch(() => response.destroy())
  })
  server.on('upgrade', (request, client, head) => hijack(request, client as Socket, head, place)) // of an HTTP server: a socket
  server.listen(socketPath)
  await once(server, 'listening')
  const unwatch = await watchEnds(place, record)

  return {
    address: { kind: 'socket', socketPath },
    record,
    events,
    inject: ({ on, gameId, fault, ...share }) => {
      if (fault.kind === 'stale_list' && lastList === undefined) throw new Error('no list has been seen yet')
      const rigged = fault.kind === 'stale_list' ? { ...fault, list: lastList } : fault
      return injections.inject((call) => call.kind === on && (gameId === undefined || call.gameId === gameId), share, rigged)
    },
    liftAll: () => injections.liftAll(),
    close: async () => {
      injections.liftAll()
      unwatch()
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}

/** On a stream of the proxy's own, which no fault touches: containers end by themselves and by others' hands too. */
async function watchEnds(place: DaemonPlace, record: DockerRecord): Promise<() => void> {
  const filters = encodeURIComponent(JSON.stringify({ type: ['container'], event: ['die', 'destroy'] }))
  const watch = http.get({ ...place, path: `/events?filters=${filters}`, agent: false })
  const [answer] = (await once(watch, 'response')) as [http.IncomingMessage]
  answer.on('error', () => {})
  createInterface({ input: answer }).on('line', (line) => {
    const { Actor, timeNano } = JSON.parse(line) as EngineEvent
    record.ended(Actor.ID, timeNano / 1e6)
  })
  return () => answer.destroy()
}

function finish(
  response: http.ServerResponse,
  status: number,
  headers: http.OutgoingHttpHeaders,
  body: Buffer,
  armed: Rigged | null,
): void {
  switch (armed?.fault.kind) {
    case 'drop_answer':
      return void response.destroy()
    case 'hang':
      return armed.onLift(() => response.destroy())
    case 'stale_list':
      return reply(response, status, armed.fault.list ?? body, headers)
    case 'delay':
    case 'answer':
    case undefined:
      return reply(response, status, body, headers)
  }
}

function reply(response: http.ServerResponse, status: number, body: Buffer, headers: http.OutgoingHttpHeaders = {}): void {
  const hasBody = status !== 204 && status !== 304
  const content = hasBody ? { 'content-type': 'application/json', 'content-length': body.length } : {}
  response.writeHead(status, { ...headers, ...content }).end(hasBody ? body : undefined)
}

function isStream({ kind }: DockerCall, answer: http.IncomingMessage): boolean {
  return answer.statusCode === 200 && (kind === 'events' || kind === 'image_pull' || kind === 'other')
}

function headersTo({ headers }: http.IncomingMessage, body: Buffer | null): http.OutgoingHttpHeaders {
  const { connection: _ours, ...others } = headers
  if (body === null) return others
  const { 'transfer-encoding': _replaced, ...plain } = others
  return { ...plain, 'content-length': body.length }
}

/** Lengths and connections are each side's own business. */
function headersOf({ headers }: http.IncomingMessage): http.OutgoingHttpHeaders {
  const { connection: _theirs, 'transfer-encoding': _encoding, 'content-length': _length, ...others } = headers
  return others
}

/** `attach` and `exec` go on as a raw connection. */
function hijack(request: http.IncomingMessage, client: Socket, head: Buffer, place: DaemonPlace): void {
  const daemon = 'socketPath' in place ? connect(place.socketPath) : connect(place.port, place.host)
  const lines = request.rawHeaders.flatMap((name, index) => (index % 2 === 0 ? [`${name}: ${request.rawHeaders[index + 1]}`] : []))
  daemon.write(`${[`${request.method} ${request.url} HTTP/1.1`, ...lines].join('\r\n')}\r\n\r\n`)
  daemon.write(head)
  client.pipe(daemon).pipe(client)
  for (const [side, other] of [
    [client, daemon],
    [daemon, client],
  ] as const) {
    side.on('error', () => other.destroy()).on('close', () => other.destroy())
  }
}

type DaemonPlace = { readonly socketPath: string } | { readonly host: string; readonly port: number }
