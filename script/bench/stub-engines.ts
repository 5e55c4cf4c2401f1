// `stub-engines.ts` with an IPC channel: engines that answer at once, on one loopback address each, in a process of their own, so that they
// share no event loop with what asks them or measures. It ends when the channel does.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { once } from 'node:events'
import { json } from 'node:stream/consumers'
import { z } from 'zod'

/** The first message to this process; `ready` comes back. Every later one, `take`, is answered with the arrivals since the last. */
export interface StubEnginesTask {
  readonly addresses: readonly string[]
  readonly port: number
}

/** A request for a turn. */
export interface TurnArrival {
  readonly gameId: string
  readonly turn: number
  /** When its head was read; epoch milliseconds. */
  readonly atMs: number
}

interface Stub {
  turn: number
  races: readonly string[]
}

const PLAYER_ID = '00000000-0000-4000-8000-'

const initShape = z.object({ races: z.array(z.object({ raceName: z.string() })) })
const turnShape = z.object({ turn: z.int() })

process.once('message', (message) => void run(message as StubEnginesTask)) // sent by start-stub-engines.ts alone

async function run({ addresses, port }: StubEnginesTask): Promise<void> {
  let arrivals: TurnArrival[] = []
  const servers = addresses.map((address) => serve(address, port, (arrival) => arrivals.push(arrival)))
  await Promise.all(servers.map((server) => once(server, 'listening')))
  process.on('message', () => {
    process.send?.(arrivals)
    arrivals = []
  })
  process.once('disconnect', () => {
    for (const server of servers) {
      server.close()
      server.closeAllConnections()
    }
  })
  process.send?.('ready')
}

function serve(address: string, port: number, onTurn: (arrival: TurnArrival) => void): Server {
  const stub: Stub = { turn: 0, races: [] }
  const server = createServer((request, response) => {
    const atMs = performance.timeOrigin + performance.now()
    void answer(stub, request, response, atMs, onTurn)
  })
  return server.listen({ host: address, port, backlog: 64 })
}

async function answer(
  stub: Stub,
  request: IncomingMessage,
  response: ServerResponse,
  atMs: number,
  onTurn: (arrival: TurnArrival) => void,
): Promise<void> {
  switch (`${request.method} ${request.url}`) {
    case 'GET /healthz':
      return reply(response, 200, { status: 'ok' })
    case 'GET /api/v1/admin/status':
      return stub.races.length === 0 ? reply(response, 409, refusal('not_initialised')) : reply(response, 200, stateOf(stub))
    case 'POST /api/v1/admin/init': {
      const { races } = initShape.parse(await json(request))
      if (stub.races.length === 0) stub.races = races.map(({ raceName }) => raceName)
      return reply(response, 200, stateOf(stub))
    }
    case 'POST /api/v1/admin/turn': {
      const { turn } = turnShape.parse(await json(request))
      // `{game_id}:{incarnation}:{turn}`
      const [gameId = ''] = String(request.headers['idempotency-key']).split(':')
      onTurn({ gameId, turn, atMs })
      if (turn === stub.turn + 1) stub.turn = turn
      return reply(response, 200, stateOf(stub))
    }
    default:
      return reply(response, 404, refusal('not_found'))
  }
}

function stateOf({ turn, races }: Stub): unknown {
  const players = races.map((raceName, index) => ({
    id: `${PLAYER_ID}${String(index).padStart(12, '0')}`,
    raceName,
    planets: 1 + (turn % 7),
    population: 10 + turn,
  }))
  return { turn, finished: false, players }
}

function refusal(code: string): unknown {
  return { error: { code, message: 'a stub has nothing to say' } }
}

function reply(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(JSON.stringify(body))
}
