import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { type Faults, readFaults } from '../../engine/faults.ts'
import { answer as answerEngine, type RouteContext } from '../../engine/http/routes.ts'
import { engineName } from '../../engine/config.ts'
import { EngineError } from '../../engine/engine-error.ts'
import type { Behaviour } from '../world/behaviour.ts'
import type { Container } from '../world/container.ts'
import { openGame } from './open-game.ts'

const PORT = 8080

export interface StubOptions {
  readonly container: Container
  readonly address: string
  readonly serves: Exclude<Behaviour['serves'], { kind: 'nothing' }>
  /** Its program ended by itself. */
  readonly onExit: (exitCode: number) => void
}

export interface RunningStub {
  /** A paused program takes connections and answers nothing. */
  pause(isPaused: boolean): void
  stop(): Promise<void>
}

type Answer = (request: IncomingMessage, response: ServerResponse) => Promise<void>

/** Listens on a container's address, as its program would inside. */
export async function startStub(options: StubOptions): Promise<RunningStub> {
  const stopping = new AbortController()
  const answer = options.serves.kind === 'health' ? answerHealth : await engineOf(options, stopping.signal)
  let isPaused = false
  const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
    if (!isPaused) void answer(request, response)
  })
  if (!stopping.signal.aborted) await listen(server, options.address)
  return {
    pause: (value) => {
      isPaused = value
    },
    stop: async () => {
      stopping.abort()
      if (!server.listening) return
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}

async function listen(server: Server, address: string): Promise<void> {
  server.listen({ host: address, port: PORT, backlog: 64 })
  await once(server, 'listening')
}

function answerHealth(request: IncomingMessage, response: ServerResponse): Promise<void> {
  request.resume()
  const isHealth = request.url === '/healthz'
  send(response, isHealth ? 200 : 404, isHealth ? { status: 'ok' } : { error: { code: 'not_found', message: 'there is nothing here' } })
  return Promise.resolve()
}

/** The reference engine itself, on the container's own state folder, without a process of its own. */
async function engineOf({ container, serves, onExit }: StubOptions, stop: AbortSignal): Promise<Answer> {
  const env = Object.fromEntries((container.config.Env ?? []).map((entry) => splitOnce(entry)))
  const faults = readFaults(env)
  if (serves.kind !== 'engine') return answerHealth
  const game = faults.crashAtStart ? null : await openGame({ container, env, faults, version: serves.version, onExit, stop })
  if (game === null) {
    onExit(CRASH_EXIT_CODE)
    return answerHealth
  }
  const name = engineName(env, container.config.Hostname)
  const context: RouteContext = { game, name, version: serves.version, faults: withoutCrashes(faults), stop }
  return async (request, response) => {
    try {
      send(response, 200, await answerEngine(context, request), faults.badJson)
    } catch (error) {
      const refusal = error instanceof EngineError ? error : new EngineError(500, 'internal_error', 'the engine failed')
      if (!request.complete) response.setHeader('Connection', 'close')
      send(response, refusal.status, { error: { code: refusal.code, message: refusal.message } }, faults.badJson)
    }
  }
}

const CRASH_EXIT_CODE = 70

/** The engine's own crashes would end this whole process. */
function withoutCrashes(faults: Faults): Faults {
  return { ...faults, crashAtStart: false, crashAtTurn: null, crashAfterTurn: null }
}

function splitOnce(entry: string): [string, string] {
  const at = entry.indexOf('=')
  return at < 0 ? [entry, ''] : [entry.slice(0, at), entry.slice(at + 1)]
}

function send(response: ServerResponse, status: number, body: unknown, isBad = false): void {
  const text = JSON.stringify(body)
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' })
  response.end(isBad ? text.slice(0, -2) : text)
}
