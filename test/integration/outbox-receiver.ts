import { createHmac } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { text } from 'node:stream/consumers'

/** What a receiver was sent. */
export interface Received {
  readonly eventId: string
  readonly type: string
  readonly gameId: string
  readonly attempt: number
  readonly signature: string
  readonly raw: string
  readonly body: Readonly<Record<string, unknown>>
  readonly atMs: number
}

/** How a receiver answers. */
export type Behaviour =
  | { readonly kind: 'status'; readonly status: number; readonly headers?: Readonly<Record<string, string>>; readonly body?: string }
  | { readonly kind: 'after'; readonly until: Promise<unknown>; readonly status: number }
  /** Takes the request and never answers. */
  | { readonly kind: 'stall' }
  /** Closes the connection, before or in the middle of its answer. */
  | { readonly kind: 'cut'; readonly at: 'before' | 'amid'; readonly status: number }
  /** A body without an end. */
  | { readonly kind: 'endless'; readonly status: number }

export const OK: Behaviour = { kind: 'status', status: 204 }

export interface ReceiverUnderTest {
  readonly url: string
  readonly received: Received[]
  /** Asked for each request, after it was received whole. */
  behave: (received: Received) => Behaviour
  /** Most requests that were open at once. */
  readonly mostAtOnce: number
  idsOf(gameId: string): readonly string[]
  /** Refuses connections from now on. */
  goDown(): Promise<void>
  comeUp(): Promise<void>
}

/** A webhook on 127.0.0.1 that notes everything. */
export async function startReceiver(): Promise<ReceiverUnderTest> {
  const received: Received[] = []
  const sockets = new Set<Socket>()
  let open = 0
  let mostAtOnce = 0
  const server = createServer((request, response) => {
    open += 1
    mostAtOnce = Math.max(mostAtOnce, open)
    response.once('close', () => (open -= 1))
    void serve(request, response)
  })
  const serve = async (request: IncomingMessage, response: ServerResponse) => {
    const one = toReceived(request, await text(request))
    received.push(one)
    await answer(response, receiver.behave(one))
  }
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  const listen = (port: number) =>
    new Promise<number>((resolve) => {
      server.listen(port, '127.0.0.1', () => resolve((server.address() as AddressInfo) /* listens on TCP */.port))
    })
  const port = await listen(0)
  const receiver: ReceiverUnderTest = {
    url: `http://127.0.0.1:${port}/hook`,
    received,
    behave: () => OK,
    get mostAtOnce() {
      return mostAtOnce
    },
    idsOf: (gameId) => received.filter((one) => one.gameId === gameId).map(({ eventId }) => eventId),
    goDown: async () => {
      const closed = new Promise((resolve) => server.close(resolve))
      for (const socket of sockets) socket.destroy()
      await closed
    },
    comeUp: async () => void (await listen(port)),
  }
  return receiver
}

function toReceived({ headers }: IncomingMessage, raw: string): Received {
  const body: Readonly<Record<string, unknown>> = JSON.parse(raw)
  return {
    eventId: String(headers['galaxy-event-id']),
    type: String(headers['galaxy-event-type']),
    gameId: String(body['gameId']),
    attempt: Number(headers['galaxy-delivery-attempt']),
    signature: String(headers['galaxy-signature']),
    raw,
    body,
    atMs: performance.now(),
  }
}

async function answer(response: ServerResponse, behaviour: Behaviour): Promise<void> {
  switch (behaviour.kind) {
    case 'status':
      response.writeHead(behaviour.status, behaviour.headers).end(behaviour.body)
      return
    case 'after':
      await behaviour.until
      response.writeHead(behaviour.status).end()
      return
    case 'stall':
      return
    case 'cut':
      if (behaviour.at === 'amid') response.writeHead(behaviour.status, { 'content-length': '100' }).write('half of')
      // What was written has to leave first.
      response.socket?.end(() => response.socket?.destroy())
      return
    case 'endless':
      response.writeHead(behaviour.status)
      pour(response)
  }
}

function pour(response: ServerResponse): void {
  while (!response.destroyed && response.write('x'.repeat(16_384))) continue
  if (!response.destroyed) response.once('drain', () => pour(response))
}

/** As docs/webhook.md tells a receiver to do it. */
export function isSignedWith(secret: string, { signature, raw }: Received): boolean {
  const parts = signature.split(',').map((part) => part.split('='))
  const time = parts.find(([name]) => name === 't')?.[1] ?? ''
  const expected = createHmac('sha256', secret).update(`${time}.${raw}`).digest('hex')
  return parts.some(([name, value]) => name === 'v1' && value === expected)
}
