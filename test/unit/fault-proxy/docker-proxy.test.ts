import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type DockerFaultProxy, startDockerFaultProxy } from '../../support/fault-proxy/docker-proxy.ts'
import { refusal } from '../../support/fault-proxy/docker-fault.ts'
import { until } from '../../support/until.ts'

const ID = 'a'.repeat(64)

describe('the fault proxy in front of Docker', () => {
  let folder: string
  let daemon: Server
  let proxy: DockerFaultProxy
  let heard: string[]
  let streams: ServerResponse[]
  let list: readonly object[]

  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'fault-proxy-'))
    heard = []
    streams = []
    list = []
    daemon = createServer((request, response) => void answer(request, response))
    daemon.on('upgrade', (_request, socket) => {
      socket.write('HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n')
      socket.pipe(socket)
    })
    const socketPath = path.join(folder, 'daemon.sock')
    daemon.listen(socketPath)
    await once(daemon, 'listening')
    proxy = await startDockerFaultProxy(path.join(folder, 'proxy.sock'), { kind: 'socket', socketPath })
  })
  afterEach(async () => {
    await proxy.close()
    daemon.closeAllConnections()
    daemon.close()
    await rm(folder, { recursive: true })
  })

  it('passes calls on as they are, and keeps a record of them', async () => {
    expect(await create('andromeda')).toEqual({ status: 201, body: JSON.stringify({ Id: ID }) })
    expect(await call('POST', `/v1.41/containers/${ID}/start`)).toEqual({ status: 204, body: '' })
    expect(await call('GET', '/containers/unknown/json')).toMatchObject({ status: 404 })
    expect(heard).toEqual([
      'POST /v1.41/containers/create?name=game-andromeda {"Labels":{"com.galaxy.game_id":"andromeda"}}',
      `POST /v1.41/containers/${ID}/start `,
      'GET /containers/unknown/json ',
    ])
    expect(proxy.record.effects('andromeda')).toEqual(['container_create', 'container_start'])
    expect(proxy.record.mostAtOnce()).toBe(1)
  })

  it('refuses a call of one game before it has any effect, and of that game alone', async () => {
    const injection = proxy.inject({ on: 'container_create', gameId: 'andromeda', nth: 2, fault: refusal(500, 'no') })
    expect(await create('hydra')).toMatchObject({ status: 201 })
    expect(await create('andromeda')).toMatchObject({ status: 201 })
    expect(await create('andromeda')).toEqual({ status: 500, body: '{"message":"no"}' })
    expect(await create('andromeda')).toMatchObject({ status: 201 })
    expect(injection.hits).toBe(1)
    expect(heard).toHaveLength(3)
  })

  it('drops the answer of a call that was carried out', async () => {
    proxy.inject({ on: 'container_create', fault: { kind: 'drop_answer' } })
    await expect(create('andromeda')).rejects.toThrow()
    expect(proxy.record.effects('andromeda')).toEqual(['container_create'])
  })

  it('carries a delayed call out though its client has gone', async () => {
    const { hit } = proxy.inject({ on: 'container_create', fault: { kind: 'delay', delayMs: 50 } })
    const gone = create('andromeda', AbortSignal.timeout(20))
    await hit
    await expect(gone).rejects.toThrow()
    await until(
      () => proxy.record.effects('andromeda'),
      (effects) => effects.length === 1,
      'it is carried out',
    )
  })

  it.each([
    ['before', 0],
    ['after', 1],
  ] as const)('hangs %s the effect until it is lifted, and no other call with it', async (effect, effects) => {
    const injection = proxy.inject({ on: 'container_create', gameId: 'andromeda', fault: { kind: 'hang', effect } })
    const hanging = create('andromeda').catch((error: Error) => error)
    await injection.hit
    expect(await create('hydra')).toMatchObject({ status: 201 })
    await until(
      () => proxy.record.effects('andromeda').length,
      (count) => count === effects,
      'the daemon has done it, or not',
    )
    injection.lift()
    expect(await hanging).toBeInstanceOf(Error)
  })

  it('answers a list as it was when the fault was injected', async () => {
    list = [{ Id: 'old', Names: ['/x'], Labels: {} }]
    await call('GET', '/containers/json')
    proxy.inject({ on: 'container_list', fault: { kind: 'stale_list' } })
    list = []
    expect(JSON.parse((await call('GET', '/containers/json')).body)).toMatchObject([{ Id: 'old' }])
    expect(JSON.parse((await call('GET', '/containers/json')).body)).toEqual([])
  })

  it('passes event streams on, and silences, repeats, thins out, reverses, replays and cuts them', async () => {
    const { lines, ended } = await follow()
    tell('start')
    await untilHeard(lines, ['start'])
    const hush = proxy.events.disturb({ kind: 'silence' })
    tell('die')
    await until(
      () => proxy.events.told.length,
      (told) => told === 2,
      'the proxy has heard it',
    )
    hush()
    const calm = proxy.events.disturb({ kind: 'repeat', times: 2 })
    tell('stop')
    await untilHeard(lines, ['start', 'stop', 'stop'])
    calm()
    const thicken = proxy.events.disturb({ kind: 'thin_out', keepOneOf: 2 })
    tell('a')
    tell('b')
    await untilHeard(lines, ['start', 'stop', 'stop', 'b'])
    thicken()
    const straighten = proxy.events.disturb({ kind: 'reverse', windowMs: 20 })
    tell('first')
    tell('second')
    await untilHeard(lines, ['start', 'stop', 'stop', 'b', 'second', 'first'])
    straighten()
    lines.length = 0
    proxy.events.replay()
    await untilHeard(lines, ['start', 'stop', 'b', 'first', 'second'])
    proxy.events.cut()
    await ended
    expect(proxy.events.openCount).toBe(0)
  })

  it('lets a connection be hijacked', async () => {
    const socket = connect(proxy.address.socketPath)
    socket.write('POST /containers/x/attach HTTP/1.1\r\nHost: docker\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n')
    let received = ''
    socket.on('data', (chunk: Buffer) => (received += chunk.toString()))
    await until(
      () => received,
      (seen) => seen.includes('101 UPGRADED'),
      'it is upgraded',
    )
    socket.write('echo')
    await until(
      () => received,
      (seen) => seen.endsWith('echo'),
      'both directions work',
    )
    socket.destroy()
  })

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = request.url ?? ''
    if (url.startsWith('/events')) {
      streams.push(response)
      return response.writeHead(200).flushHeaders()
    }
    heard.push(`${request.method} ${url} ${await text(request)}`)
    if (url.includes('/containers/create')) response.writeHead(201).end(JSON.stringify({ Id: ID }))
    else if (url.endsWith('/containers/json')) response.end(JSON.stringify(list))
    else if (url.endsWith('/start')) response.writeHead(204).end()
    else response.writeHead(404).end('{"message":"none"}')
  }

  function create(gameId: string, signal?: AbortSignal): Promise<{ status: number; body: string }> {
    return call(
      'POST',
      `/v1.41/containers/create?name=game-${gameId}`,
      JSON.stringify({ Labels: { 'com.galaxy.game_id': gameId } }),
      signal,
    )
  }

  async function call(method: string, url: string, body?: string, signal?: AbortSignal): Promise<{ status: number; body: string }> {
    const headers = body === undefined ? {} : { 'content-type': 'application/json' }
    const sent = request({ socketPath: proxy.address.socketPath, method, path: url, headers, ...(signal && { signal }) })
    sent.end(body)
    const [answer] = (await once(sent, 'response')) as [IncomingMessage]
    return { status: answer.statusCode ?? 0, body: await text(answer) }
  }

  async function follow(): Promise<{ readonly lines: string[]; readonly ended: Promise<unknown> }> {
    const sent = request({ socketPath: proxy.address.socketPath, path: '/events?filters={}' })
    sent.end()
    const [answer] = (await once(sent, 'response')) as [IncomingMessage]
    const lines: string[] = []
    answer.on('data', (chunk: Buffer) => lines.push(...chunk.toString().trim().split('\n')))
    answer.on('error', () => {})
    return { lines, ended: new Promise((resolve) => answer.on('close', resolve)) }
  }

  function tell(action: string): void {
    for (const stream of streams)
      stream.write(`${JSON.stringify({ Type: 'container', Action: action, Actor: { ID }, timeNano: 1_000_000 })}\n`)
  }

  async function untilHeard(lines: readonly string[], actions: readonly string[]): Promise<void> {
    const read = () => lines.map((line) => (JSON.parse(line) as { Action: string }).Action)
    await until(read, (seen) => JSON.stringify(seen) === JSON.stringify(actions), `it has heard ${actions.join()}`, 2_000)
  }
})
