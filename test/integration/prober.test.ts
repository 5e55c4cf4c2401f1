import { createServer, type RequestListener, type Server } from 'node:http'
import { type AddressInfo, createServer as createTcpServer, type Server as TcpServer, type Socket } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { systemClock } from '../../src/clock.ts'
import { probeEngine } from '../../src/engine/probe.ts'
import { Prober, type ProberOptions, type ProbeTarget } from '../../src/engine/prober.ts'

const endings: (() => Promise<void> | void)[] = []
afterEach(async () => {
  for (const end of endings.splice(0).toReversed()) await end()
})

async function portOf(server: Server | TcpServer): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port // an address of TCP, since it listens on a port
}

/** An engine that answers as told; `requests` are the paths it was asked for. */
async function engine(answer: RequestListener) {
  const requests: string[] = []
  const server = createServer((request, response) => {
    requests.push(request.url ?? '')
    answer(request, response)
  })
  const port = await portOf(server)
  endings.push(() => {
    server.closeAllConnections()
    server.close()
  })
  return { port, requests }
}

/** A program that speaks no HTTP. */
async function talker(onConnection: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>()
  const server = createTcpServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    onConnection(socket)
  })
  const port = await portOf(server)
  endings.push(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return port
}

function prober(over: Partial<ProberOptions> = {}) {
  const changes: string[] = []
  const one = new Prober({
    intervalMs: 40,
    failures: 3,
    restartAfter: 0,
    timeoutMs: 150,
    onChange: (gameId) => changes.push(gameId),
    probe: probeEngine,
    clock: systemClock,
    random: () => 0.5,
    ...over,
  })
  endings.push(() => one.stop())
  return { prober: one, changes }
}

const http = (port: number, path = '/healthz', containerId = 'c1'): ProbeTarget => ({
  containerId,
  address: '127.0.0.1',
  name: 'galaxy-game-g',
  probe: { http: { path, port } },
})
const tcp = (port: number): ProbeTarget => ({ containerId: 'c1', address: '127.0.0.1', name: 'galaxy-game-g', probe: { tcp: { port } } })
const kindOf = (one: Prober) => (): string => one.reading('g', 'c1').kind
const soon = { timeout: 5_000, interval: 10 }

describe('an engine', () => {
  it.each([200, 204])('that answers %i serves', async (status) => {
    const { port, requests } = await engine((_, response) => response.writeHead(status).end())
    const { prober: one, changes } = prober()
    one.watch('g', http(port))
    await expect.poll(kindOf(one), soon).toBe('ok')
    expect([changes, requests[0]]).toEqual([['g'], '/healthz'])
  })

  it('that accepts a connection serves, where that is all that is asked', async () => {
    const port = await talker(() => {})
    const { prober: one } = prober()
    one.watch('g', tcp(port))
    await expect.poll(kindOf(one), soon).toBe('ok')
  })

  it('that does not answer yet is pending, however often it was asked', async () => {
    const { port, requests } = await engine((_, response) => response.writeHead(503).end())
    const { prober: one, changes } = prober()
    one.watch('g', http(port))
    await expect.poll(() => requests.length, soon).toBeGreaterThan(5)
    expect([one.reading('g', 'c1').kind, changes]).toEqual(['pending', []])
  })

  it('that served fails after three misses in a row, and serves again at the next answer', async () => {
    let status = 200
    const { port } = await engine((_, response) => response.writeHead(status).end())
    const { prober: one, changes } = prober()
    one.watch('g', http(port))
    await expect.poll(kindOf(one), soon).toBe('ok')
    status = 500
    await expect.poll(kindOf(one), soon).toBe('failing')
    expect(one.reading('g', 'c1')).toMatchObject({ message: `3 probes in a row failed: /healthz on port ${port} answered 500` })
    status = 200
    await expect.poll(kindOf(one), soon).toBe('ok')
    expect(changes).toEqual(['g', 'g', 'g'])
  })

  it('that misses now and then serves', async () => {
    let asked = 0
    const { port, requests } = await engine((_, response) => response.writeHead(asked++ % 3 === 0 ? 200 : 500).end())
    const { prober: one, changes } = prober({ intervalMs: 5 })
    one.watch('g', http(port))
    await expect.poll(() => requests.length, soon).toBeGreaterThan(12)
    expect([one.reading('g', 'c1').kind, changes]).toEqual(['ok', ['g']])
  })
})

describe('row 46: an answer from an untrusted engine', () => {
  const elsewhere = '/elsewhere'
  it.each<readonly [string, RequestListener]>([
    ['that redirects', (request, response) => response.writeHead(request.url === elsewhere ? 200 : 302, { location: elsewhere }).end()],
    ['that never comes', () => {}],
  ])('%s is a miss', async (_, answer) => {
    let isWell = true
    const { port, requests } = await engine((request, response) => (isWell ? response.end() : answer(request, response)))
    const { prober: one } = prober()
    one.watch('g', http(port))
    await expect.poll(kindOf(one), soon).toBe('ok')
    isWell = false
    await expect.poll(kindOf(one), soon).toBe('failing')
    expect(requests).not.toContain(elsewhere)
  })

  it.each([
    ['that is no HTTP', 'galaxy says hello\r\n\r\n'],
    ['with headers without end', `HTTP/1.1 200 OK\r\nx: ${'x'.repeat(1_000_000)}`],
    ['that is cut off', 'HTTP/1.1 200 OK\r\ncontent-le'],
  ])('%s is a miss, and harms nobody', async (_, bytes) => {
    let asked = 0
    const port = await talker((socket) => {
      asked += 1
      socket.end(bytes)
    })
    const { prober: one } = prober()
    one.watch('g', http(port))
    await expect.poll(() => asked, soon).toBeGreaterThan(3)
    expect(one.reading('g', 'c1').kind).toBe('pending')
  })

  it('with a body without end is read no further than its status', async () => {
    let sent = 0
    let isClosed = false
    const { port } = await engine((_, response) => {
      const pump = (): void => {
        while (!response.destroyed && response.write(Buffer.alloc(65_536))) sent += 65_536
      }
      response.on('drain', pump).on('close', () => {
        isClosed = true
      })
      pump()
    })
    const { prober: one } = prober({ intervalMs: 10_000 })
    one.watch('g', http(port))
    await expect.poll(kindOf(one), soon).toBe('ok')
    await expect.poll(() => isClosed, soon).toBe(true)
    expect(sent).toBeLessThan(20_000_000)
  })
})

describe('watching', () => {
  it('asks one question at a time', async () => {
    let atOnce = 0
    let most = 0
    const { port, requests } = await engine((_, response) => {
      most = Math.max(most, ++atOnce)
      setTimeout(() => {
        atOnce -= 1
        response.writeHead(503).end()
      }, 30)
    })
    const { prober: one } = prober()
    one.watch('g', http(port))
    for (let time = 0; time < 10; time++) one.watch('g', http(port))
    await expect.poll(() => requests.length, soon).toBeGreaterThan(4)
    expect(most).toBe(1)
  })

  it('of another container begins anew: what the old one said counts no more', async () => {
    const { port } = await engine((_, response) => response.end())
    const { prober: one } = prober()
    one.watch('g', http(port))
    await expect.poll(kindOf(one), soon).toBe('ok')
    one.watch('g', http(port, '/healthz', 'c2'))
    expect([one.reading('g', 'c2').kind, one.reading('g', 'c1').kind]).toEqual(['pending', 'pending'])
    await expect.poll(() => one.reading('g', 'c2').kind, soon).toBe('ok')
    expect(one.size).toBe(1)
  })

  it('of the same container under another address begins anew', async () => {
    const { port } = await engine((_, response) => response.end())
    const { prober: one } = prober()
    one.watch('g', http(port))
    await expect.poll(kindOf(one), soon).toBe('ok')
    one.watch('g', { ...http(port), address: '127.0.0.2' })
    expect(one.reading('g', 'c1').kind).toBe('pending')
  })

  it('of none, and the end of all, leave no question, no timer and no late change behind', async () => {
    const { port, requests } = await engine(() => {})
    const { prober: one, changes } = prober()
    one.watch('g', http(port))
    one.watch('h', http(port))
    await expect.poll(() => requests.length, soon).toBe(2)
    one.watch('g', null)
    one.stop()
    expect(one.size).toBe(0)
    await new Promise((resolve) => setTimeout(resolve, 400))
    expect([requests.length, changes]).toEqual([2, []])
  })

  it('row 43: of an engine that starts is eager for two seconds, then calmer, also when the clock is set back meanwhile', async () => {
    const { port, requests } = await engine((_, response) => response.writeHead(503).end())
    let offsetMs = 0
    const { prober: one } = prober({ clock: { ...systemClock, nowMs: () => Date.now() + offsetMs } })
    one.watch('g', http(port))
    await expect.poll(() => requests.length, soon).toBeGreaterThan(5)
    offsetMs = -3_600_000
    await expect.poll(() => requests.length, soon).toBeGreaterThan(6)
    const before = requests.length
    await new Promise((resolve) => setTimeout(resolve, 500))
    expect(requests.length - before).toBeLessThanOrEqual(4)
  })
})
