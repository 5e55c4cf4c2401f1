import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { EngineError } from '../engine-error.ts'
import { logEvent } from '../log.ts'
import { answer, type RouteContext } from './routes.ts'

export interface RunningServer {
  readonly port: number
  /** Takes no more connections; resolves when the answers under way have gone out. */
  readonly close: () => Promise<void>
  /** Ends all connections at once. */
  readonly cut: () => void
}

/** Starts to listen; rejects where the port is taken. */
export async function startServer(context: RouteContext, host: string | undefined, port: number): Promise<RunningServer> {
  const server = createServer((request, response) => {
    void respond(context, request, response)
  })
  const address = await listen(server, host, port)
  return {
    port: address.port,
    close: () => close(server),
    cut: () => server.closeAllConnections(),
  }
}

async function respond(context: RouteContext, request: IncomingMessage, response: ServerResponse): Promise<void> {
  try {
    send(context, response, 200, await answer(context, request))
  } catch (error) {
    const refusal = error instanceof EngineError ? error : failure(error)
    // What remains of a refused body would be taken for the next request.
    if (!request.complete) response.setHeader('Connection', 'close')
    send(context, response, refusal.status, {
      error: { code: refusal.code, message: refusal.message },
    })
  }
}

function failure(error: unknown): EngineError {
  logEvent('request failed', {
    error: error instanceof Error ? (error.stack ?? error.message) : String(error),
  })
  return new EngineError(500, 'internal_error', 'the engine failed; its log says why')
}

function send({ faults, stop: stopping }: RouteContext, response: ServerResponse, status: number, body: unknown): void {
  const json = JSON.stringify(body)
  if (stopping.aborted) response.setHeader('Connection', 'close')
  response.writeHead(status, {
    'Content-Type': 'application/json; charset=utf-8',
    'Cache-Control': 'no-store',
  })
  response.end(faults.badJson ? json.slice(0, -2) : json)
}

function listen(server: Server, host: string | undefined, port: number): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ port, ...(host === undefined ? {} : { host }) }, () => {
      server.off('error', reject)
      // A server that listens on a port has an AddressInfo; the string form is for pipes.
      resolve(server.address() as AddressInfo)
    })
  })
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()))
}
