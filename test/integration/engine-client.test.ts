import { type ChildProcess, spawn } from 'node:child_process'
import { createServer, type RequestListener, type ServerResponse } from 'node:http'
import { type AddressInfo, connect, createServer as createTcpServer, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { afterEach, describe, expect, it } from 'vitest'
import type { EngineAddress } from '../../src/engine/address.ts'
import { createEngineClient, type EngineClient, type EngineClientOptions } from '../../src/engine/client.ts'
import { EngineFailure } from '../../src/engine/failure.ts'
import { probeEngine } from '../../src/engine/probe.ts'
import { EngineWorkshop } from '../engine/engine-process.ts'

const endings: (() => Promise<void> | void)[] = []
afterEach(async () => {
  for (const end of endings.splice(0).toReversed()) await end()
})

const CALL_MS = 400
const forever = new AbortController().signal
const soon = { timeout: 5_000, interval: 10 }

function client(over: Partial<EngineClientOptions['timeouts']> = {}, options: Partial<EngineClientOptions> = {}): EngineClient {
  const timeouts = { connectMs: CALL_MS, adminMs: CALL_MS, turnMs: CALL_MS, playerMs: CALL_MS, ...over }
  const one = createEngineClient({ timeouts, ...options })
  endings.push(() => one.close())
  return one
}

/** Any program behind a port; `connections` counts those it ever had, `open` those it has. */
async function program(onConnection: (socket: Socket, connection: number) => void) {
  const sockets = new Set<Socket>()
  let connections = 0
  const server = createTcpServer((socket) => {
    connections += 1
    sockets.add(socket)
    socket.on('error', () => {}).on('close', () => sockets.delete(socket))
    onConnection(socket, connections)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  endings.push(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const address = at((server.address() as AddressInfo).port) // of TCP, since it listens on a port
  return { address, connections: () => connections, open: () => sockets.size }
}

/** A program that speaks HTTP; `requests` are the methods and paths it was asked for. */
async function engine(answer: RequestListener) {
  const requests: string[] = []
  const http = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`)
    response.on('error', () => {})
    answer(request, response)
  })
  return { ...(await program((socket) => http.emit('connection', socket))), requests }
}

/** A program that answers whatever it is asked with these bytes, and then does what it is told. */
const bytesThen = (bytes: string, then: (socket: Socket) => void = () => {}) =>
  program((socket) => {
    socket.once('data', () => {
      socket.write(bytes)
      then(socket)
    })
  })

const state = { turn: 1, finished: false, players: [] }
const answering = (status: number, body: string, headers: Record<string, string> = {}) =>
  engine((_, response) => response.writeHead(status, headers).end(body))

/** How a call fails, and how long it takes to; never longer than its time and a little. */
async function failureOf(call: Promise<unknown>, withinMs = CALL_MS + 1_500): Promise<EngineFailure> {
  const startedMs = performance.now()
  const failure = await call.then(
    (answer) => new Error(`answered ${JSON.stringify(answer)}`),
    (error: unknown) => error,
  )
  if (!(failure instanceof EngineFailure)) throw failure
  expect(performance.now() - startedMs).toBeLessThan(withinMs)
  expect(failure.message.length).toBeLessThan(500)
  return failure
}

function pump(response: ServerResponse, chunk: Buffer, atMost: number): () => number {
  let sent = 0
  const more = (): void => {
    while (!response.destroyed && sent < atMost) {
      sent += chunk.length
      if (!response.write(chunk)) return
    }
    response.end()
  }
  response.on('drain', more)
  more()
  return () => sent
}

describe('row 46: an engine that does not answer', () => {
  it('because nothing listens is told at once, with the reason', async () => {
    const failure = await failureOf(client().status(at(1), forever), 1_000)
    expect(failure).toMatchObject({
      kind: 'unanswered',
      status: null,
      message: expect.stringMatching(/^GET \/api\/v1\/admin\/status got no answer: .*ECONNREFUSED/),
    })
  })

  it('because it takes no connection is given up when the time to connect ends', async () => {
    const address = await deaf()
    const one = client({ connectMs: 300, turnMs: 60_000 })
    const failure = await failureOf(one.turn(address, 1, 'g:1:1', forever), 3_000)
    expect(failure).toMatchObject({ kind: 'unanswered', message: expect.stringMatching(/connect/i) })
  })

  it('because it takes no connection is given up when the time of the call ends', async () => {
    const address = await deaf()
    const before = socketsHeld()
    const failure = await failureOf(client({ connectMs: 60_000 }).status(address, forever))
    await expect.poll(socketsHeld, soon).toBe(before)
    expect(failure).toMatchObject({ kind: 'unanswered', message: expect.stringContaining(`no whole answer within ${CALL_MS} ms`) })
  })

  it.each<readonly [string, (socket: Socket) => void]>([
    ['because it hangs', hang],
    ['whose headers come letter by letter', (socket) => drip(socket, 'HTTP/1.1 200 OK\r\nx-slow: '.padEnd(10_000, 'y'))],
    ['whose body comes letter by letter', (socket) => drip(socket, `HTTP/1.1 200 OK\r\ncontent-length: 10000\r\n\r\n${'{'.padEnd(9_999)}`)],
    ['whose body stops', (socket) => void socket.resume().write('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"turn"')],
    ['that promises without end', (socket) => every(socket, 'HTTP/1.1 102 Processing\r\n\r\n')],
  ])('%s is given up after its time', async (_, behave) => {
    const { address, open } = await program(behave)
    const failure = await failureOf(client().turn(address, 1, 'g:1:1', forever))
    expect(failure).toMatchObject({ kind: 'unanswered', message: expect.stringContaining(`no whole answer within ${CALL_MS} ms`) })
    await expect.poll(open, soon).toBe(0)
  })

  it.each([
    ['by hanging up', ''],
    ['within its headers', 'HTTP/1.1 200 OK\r\ncontent-le'],
    ['within its body', 'HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"turn":1'],
    ['within a chunk', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n64\r\n{"turn":1'],
    ['with something else', 'galaxy says hello\r\n\r\n'],
    ['with headers without end', `HTTP/1.1 200 OK\r\nx: ${'x'.repeat(1_000_000)}`],
    ['with two lengths', 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}'],
    ['in another protocol', 'HTTP/1.1 101 Switching Protocols\r\nupgrade: galaxy\r\nconnection: upgrade\r\n\r\n'],
  ])('but breaks off %s is asked once', async (_, bytes) => {
    const { address, connections } = await bytesThen(bytes, (socket) => socket.end())
    expect(await failureOf(client().turn(address, 1, 'g:1:1', forever))).toMatchObject({ kind: 'unanswered', status: null })
    expect(connections()).toBe(1)
  })

  it('is given up when the caller does, and asked nothing when the caller did before', async () => {
    const { address, connections, open } = await program(hang)
    const stop = new AbortController()
    const one = client({ turnMs: 60_000 })
    const call = failureOf(one.turn(address, 1, 'g:1:1', stop.signal), 2_000)
    await expect.poll(connections, soon).toBe(1)
    stop.abort(new Error('the controller stops'))
    expect(await call).toMatchObject({ kind: 'unanswered', message: expect.stringContaining('the controller stops') })
    expect(await failureOf(one.turn(address, 1, 'g:1:1', stop.signal), 1_000)).toMatchObject({ kind: 'unanswered' })
    await expect.poll(open, soon).toBe(0)
    expect(connections()).toBe(1)
  })
})

describe('an engine that refuses', () => {
  it('is quoted, with its status and its code', async () => {
    const { address } = await answering(409, '{"error":{"code":"turn_ahead","message":"turn 3 is next"}}')
    const failure = await failureOf(client().turn(address, 9, 'g:1:9', forever))
    expect(failure).toMatchObject({ kind: 'refused', status: 409, code: 'turn_ahead' })
    expect(failure.message).toBe('POST /api/v1/admin/turn was refused with 409: turn_ahead: turn 3 is next')
  })

  it.each([301, 302, 303, 307, 308])('by redirecting with %i is not followed', async (status) => {
    const { address, requests } = await answering(status, '', { location: '/elsewhere' })
    expect(await failureOf(client().init(address, ['a'], forever))).toMatchObject({ kind: 'refused', status })
    expect(requests).toEqual(['POST /api/v1/admin/init'])
  })

  it('in colours is quoted without them', async () => {
    const { address } = await answering(500, `\u001b[31mpanic\u001b[0m:\r\n\u0000${'at line 1 '.repeat(1_000)}`)
    const { message } = await failureOf(client().status(address, forever))
    expect(message).toMatch(/^GET \/api\/v1\/admin\/status was refused with 500: panic: at line 1 [\x20-\x7e]+…$/)
    expect(message.length).toBeLessThan(400)
  })

  it.each<readonly [string, (response: ServerResponse) => void]>([
    ['without end', (response) => void pump(response, Buffer.alloc(65_536, 'x'), 100_000_000)],
    ['and never finishes', (response) => void response.write('well')],
    ['and breaks off', (response) => response.write('well', () => response.destroy())],
  ])('%s has refused nevertheless', async (_, say) => {
    const { address, open } = await engine((_request, response) => {
      response.writeHead(503)
      say(response)
    })
    const one = client({ turnMs: 60_000 })
    expect(await failureOf(one.turn(address, 1, 'g:1:1', forever), 4_000)).toMatchObject({ kind: 'refused', status: 503 })
    await expect.poll(open, soon).toBe(0)
  })
})

describe('row 46: an engine that answers nonsense', () => {
  it.each([
    ['without a body', '', /expected JSON, found: nothing/],
    ['that is malformed', '{"turn":1,', /expected JSON/],
    ['that nests without end', '['.repeat(1_000_000), /64 levels/],
    ['of another type', '{"turn":"1","finished":false,"players":[]}', /turn: .*expected number, received string/],
    ['that is compressed', '\u001f\u008b\b', /expected JSON/],
  ])('%s is not believed', async (_, body, why) => {
    const { address } = await answering(200, body)
    expect(await failureOf(client({ turnMs: 5_000 }).turn(address, 1, 'g:1:1', forever))).toMatchObject({
      kind: 'invalid',
      status: null,
      message: expect.stringMatching(why),
    })
  })

  it('shorter than it is long is not believed', async () => {
    const json = JSON.stringify(state)
    const { address } = await bytesThen(`HTTP/1.1 200 OK\r\ncontent-length: ${json.length - 5}\r\n\r\n${json}`)
    expect(await failureOf(client().status(address, forever))).toMatchObject({ kind: 'invalid' })
  })

  it('of 100 MB is read no further than its limit', async () => {
    let sent = (): number => 0
    const { address, open } = await engine((_, response) => {
      sent = pump(response.writeHead(200), Buffer.alloc(65_536, ' '), 100_000_000)
    })
    const before = process.memoryUsage()
    let mostBytes = 0
    const watch = setInterval(() => (mostBytes = Math.max(mostBytes, process.memoryUsage().arrayBuffers - before.arrayBuffers)), 1)
    endings.push(() => clearInterval(watch))
    const failure = await failureOf(client({ adminMs: 5_000 }).status(address, forever))
    expect(failure).toMatchObject({ kind: 'invalid', message: expect.stringContaining('expected at most 1048576 bytes, found more') })
    await expect.poll(open, soon).toBe(0)
    // What the kernel's buffers took is sent, too.
    expect([sent() < 30_000_000, mostBytes < 30_000_000]).toEqual([true, true])
  })

  it('in a million chunks of one byte costs no more than its length', async () => {
    const chunk = Buffer.from('1\r\n \r\n'.repeat(4_096))
    const { address } = await program((socket) => {
      socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n')
      const more = (): void => {
        while (!socket.destroyed && socket.write(chunk)) continue
      }
      socket.on('drain', more)
      more()
    })
    const before = process.memoryUsage()
    const failure = await failureOf(client({ adminMs: 20_000 }).status(address, forever), 20_000)
    const after = process.memoryUsage()
    expect(failure).toMatchObject({ kind: 'invalid', message: expect.stringContaining('found more') })
    expect(after.rss - before.rss).toBeLessThan(150_000_000)
  })

  it('is not believed where it says its length falsely', async () => {
    const { address } = await bytesThen('HTTP/1.1 200 OK\r\ncontent-length: 100000000000\r\n\r\n{}', (socket) => socket.end())
    expect(await failureOf(client().status(address, forever))).toMatchObject({ kind: 'unanswered' })
  })
})

describe('connections', () => {
  it('are not kept, so that an engine that was restarted answers the next call', async () => {
    const { address, connections, open } = await engine((_, response) =>
      response.setHeader('connection', 'keep-alive').end(JSON.stringify(state)),
    )
    const one = client()
    for (let turn = 1; turn <= 3; turn++) await one.turn(address, turn, `g:1:${turn}`, forever)
    expect(connections()).toBe(3)
    await expect.poll(open, soon).toBe(0)
  })

  it('to hundreds of engines end with their calls', async () => {
    const engines = await Promise.all(Array.from({ length: 200 }, () => answering(200, JSON.stringify(state))))
    const one = client({ adminMs: 20_000 })
    const states = await Promise.all(engines.map(({ address }) => one.status(address, forever)))
    expect(states).toEqual(engines.map(() => state))
    await expect.poll(() => engines.reduce((sum, { open }) => sum + open(), 0), soon).toBe(0)
  })

  it('end when the client is closed, and no more are made', async () => {
    const { address, connections, open } = await program(hang)
    const one = client({ turnMs: 60_000 })
    const call = failureOf(one.turn(address, 1, 'g:1:1', forever), 2_000)
    await expect.poll(connections, soon).toBe(1)
    await one.close()
    expect(await call).toMatchObject({ kind: 'unanswered', message: expect.stringContaining('asked no more') })
    expect(await failureOf(one.status(address, forever), 1_000)).toMatchObject({ kind: 'unanswered' })
    await expect.poll(open, soon).toBe(0)
    expect(connections()).toBe(1)
  })
})

describe("players' calls", () => {
  const ACTOR = '00000000-0000-4000-8000-000000000001'

  it('bring what the engine says, refusals too', async () => {
    const { address } = await answering(422, '{"error":{"code":"against_the_rules","message":"not your planet"}}')
    expect(await client().orders(address, ACTOR, { orders: [] }, forever)).toEqual({
      status: 422,
      body: { error: { code: 'against_the_rules', message: 'not your planet' } },
    })
  })

  it.each([
    ['the engine fails', 500, '{}', 'refused'],
    ['the engine redirects', 302, '{}', 'refused'],
    ['a refusal is no JSON', 404, 'nothing here', 'refused'],
    ['a refusal is too long', 400, `"${'x'.repeat(70_000)}"`, 'refused'],
    ['the answer is no JSON', 200, 'nothing here', 'invalid'],
    ['the answer is too long', 200, `"${'x'.repeat(4_194_304)}"`, 'invalid'],
    ['the answer nests too deep', 200, '['.repeat(100) + ']'.repeat(100), 'invalid'],
  ])('fail where %s', async (_, status, body, kind) => {
    const { address } = await answering(status, body)
    expect(await failureOf(client({ playerMs: 5_000 }).report(address, ACTOR, 1, forever))).toMatchObject({
      kind,
      status: kind === 'refused' ? status : null,
    })
  })

  it('take reports of nearly 4 MiB', async () => {
    const body = { events: Array.from({ length: 60_000 }, (_, number) => `event ${number} `.padEnd(60, '.')) }
    const { address } = await answering(200, JSON.stringify(body))
    expect(await client({ playerMs: 5_000 }).report(address, ACTOR, 1, forever)).toEqual({ status: 200, body })
  })

  it('name the actor that the proxy found, whatever the player wrote', async () => {
    const bodies: unknown[] = []
    const { address, requests } = await engine((request, response) => {
      let text = ''
      request
        .on('data', (chunk) => (text += String(chunk)))
        .on('end', () => {
          bodies.push(text === '' ? null : JSON.parse(text))
          response.end('{}')
        })
    })
    const one = client()
    await one.commands(address, ACTOR, { actor: 'somebody else', commands: [] }, forever)
    await one.report(address, 'a&b/../c', 7, forever)
    expect([bodies, requests]).toEqual([
      [{ actor: ACTOR, commands: [] }, null],
      ['POST /api/v1/commands', 'GET /api/v1/reports/7?actor=a%26b%2F..%2Fc'],
    ])
  })

  it('wait for each other on an engine that hangs, within their time, and never hold up a turn', async () => {
    const { address, requests } = await engine((request, response) => {
      if (request.url === '/api/v1/admin/turn') response.end(JSON.stringify(state))
    })
    const one = client({}, { playerCallsAtOnce: 2 })
    const calls = Array.from({ length: 6 }, () => failureOf(one.report(address, ACTOR, 1, forever)))
    await expect.poll(() => requests.length, soon).toBe(2)
    expect(await one.turn(address, 1, 'g:1:1', forever)).toEqual(state)
    const failures = await Promise.all(calls)
    expect(failures.map(({ kind }) => kind)).toEqual(Array.from({ length: 6 }, () => 'unanswered'))
    // Those that waited ended with the others: no place came free in their time.
    expect(requests.filter((request) => request.startsWith('GET')).length).toBe(2)
  })
})

describe('the reference engine', () => {
  const workshop = new EngineWorkshop()
  const one = (): EngineClient => client({ adminMs: 5_000, turnMs: 5_000, playerMs: 5_000 })

  async function start(env: Record<string, string> = {}) {
    endings.push(() => workshop.dispose())
    const { url } = await workshop.start(await workshop.stateFolder(), env)
    return at(Number(new URL(url).port))
  }

  it('keeps its contract: init, status, turns, orders, commands and reports', async () => {
    const address = await start()
    const client = one()
    expect(await failureOf(client.status(address, forever), 5_000)).toMatchObject({ kind: 'refused', status: 409, code: 'not_initialised' })

    const created = await client.init(address, ['Terrans', 'Öländer'], forever)
    expect(created).toMatchObject({ turn: 0, finished: false })
    expect(created.players.map(({ raceName }) => raceName)).toEqual(['Terrans', 'Öländer'])
    expect(await client.init(address, ['Others'], forever)).toEqual(created)
    expect(await client.status(address, forever)).toEqual(created)

    const actor = created.players[0]?.id ?? ''
    expect(await client.orders(address, actor, { orders: [] }, forever)).toEqual({ status: 200, body: { turn: 1, accepted: 0 } })
    expect(await client.commands(address, actor, { commands: [] }, forever)).toMatchObject({ status: 200 })

    const after = await client.turn(address, 1, 'andromeda:1:1', forever)
    expect(after.turn).toBe(1)
    expect(await client.turn(address, 1, 'andromeda:1:1', forever)).toEqual(after)
    expect(await failureOf(client.turn(address, 3, 'andromeda:1:3', forever), 5_000)).toMatchObject({ status: 409, code: 'turn_ahead' })
    expect(await client.status(address, forever)).toEqual(after)

    expect(await client.report(address, actor, 1, forever)).toMatchObject({ status: 200, body: { turn: 1, raceName: 'Terrans' } })
    expect(await client.report(address, actor, 2, forever)).toMatchObject({ status: 404 })
    const stranger = '00000000-0000-4000-8000-00000000dead'
    expect(await client.orders(address, stranger, { actor, orders: [] }, forever)).toMatchObject({ status: 403 })
  })

  it('refuses what is meant for another game, whose address it was given', async () => {
    const address = { ...(await start({ GALAXY_ENGINE_NAME: 'galaxy-game-orion' })), name: 'galaxy-game-andromeda' }
    const client = one()
    const misdirected = { kind: 'refused', status: 421, code: 'misdirected_request' }
    expect(await failureOf(client.init(address, ['Terrans'], forever), 5_000)).toMatchObject(misdirected)
    expect(await failureOf(client.status(address, forever), 5_000)).toMatchObject(misdirected)
    expect(await failureOf(client.turn(address, 1, 'andromeda:1:1', forever), 5_000)).toMatchObject(misdirected)
    expect(await failureOf(client.orders(address, '00000000-0000-4000-8000-000000000001', { orders: [] }, forever), 5_000)).toMatchObject(
      misdirected,
    )
    const probe = { address: address.host, probe: { http: { path: '/healthz', port: address.port } } }
    await expect(probeEngine({ ...probe, name: 'galaxy-game-andromeda' }, forever)).rejects.toThrow('421')
    await probeEngine({ ...probe, name: 'galaxy-game-orion' }, forever)
    expect(await client.init({ ...address, name: 'galaxy-game-orion' }, ['Terrans'], forever)).toMatchObject({ turn: 0 })
  })

  it('that writes bad JSON is not believed', async () => {
    const address = await start({ GALAXY_ENGINE_FAULT_BAD_JSON: '1' })
    expect(await failureOf(one().init(address, ['Terrans'], forever), 5_000)).toMatchObject({ kind: 'invalid' })
  })
})

function at(port: number): EngineAddress {
  return { host: '127.0.0.1', port, name: 'galaxy-game-andromeda' }
}

/** Of this process, also while they connect. */
function socketsHeld(): number {
  return process.getActiveResourcesInfo().filter((resource) => resource === 'TCPSocketWrap').length
}

/** Reads, so that it sees the end of the connection, and says nothing. */
function hang(socket: Socket): void {
  socket.resume()
}

/** Ends with the connection. */
function every(socket: Socket, text: string): void {
  const timer = setInterval(() => socket.write(text), 1)
  socket.on('close', () => clearInterval(timer))
}

function drip(socket: Socket, text: string): void {
  let at = 0
  const timer = setInterval(() => socket.write(text[at++] ?? ''), 5)
  socket.on('close', () => clearInterval(timer))
}

/** A port whose queue of connections is full: the kernel answers no more of them. */
async function deaf(): Promise<EngineAddress> {
  const script = `
    const server = require('node:net').createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
      require('node:fs').writeSync(1, server.address().port + '\\n')
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
    })`
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
  endings.push(() => void child.kill('SIGKILL'))
  const port = await firstNumber(child)
  const fill = Array.from({ length: 4 }, () => connect({ host: '127.0.0.1', port }).on('error', () => {}))
  endings.push(() => fill.forEach((socket) => socket.destroy()))
  await expect.poll(() => fill.filter(({ readyState }) => readyState === 'open').length, soon).toBeGreaterThanOrEqual(2)
  return at(port)
}

function firstNumber({ stdout }: ChildProcess): Promise<number> {
  if (stdout === null) throw new Error('no output to read')
  return new Promise((resolve) => createInterface({ input: stdout }).once('line', (line) => resolve(Number(line))))
}
