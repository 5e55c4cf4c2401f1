import type { IncomingMessage } from 'node:http'
import { GAME_PREFIX } from '../config.ts'
import { EngineError } from '../engine-error.ts'
import { type Faults, faultAfterTurn, hang } from '../faults.ts'
import type { Game } from '../game.ts'
import { uuid } from '../shape.ts'
import { readBody, shaped } from './body.ts'
import { commandsRequest, idempotencyKey, initRequest, ordersRequest, turnRequest } from './requests.ts'

export interface RouteContext {
  readonly game: Game
  /** See the configuration. */
  readonly name: string | null
  readonly version: string
  readonly faults: Faults
  readonly stop: AbortSignal
}

type Handler = (context: RouteContext, request: IncomingMessage, url: URL) => unknown
type Methods = { readonly GET?: Handler; readonly POST?: Handler }

/** Answers one request with the body to be sent as JSON under 200; throws EngineError for every refusal. */
export async function answer(context: RouteContext, request: IncomingMessage): Promise<unknown> {
  refuseMisdirected(context, request)
  const url = requestUrl(request)
  const methods = methodsAt(url)
  if (methods === undefined) throw new EngineError(404, 'not_found', `there is nothing at ${url.pathname.slice(0, 200)}`)
  const { method } = request
  const handler = method === 'GET' || method === 'POST' ? methods[method] : undefined
  if (handler === undefined) {
    throw new EngineError(405, 'method_not_allowed', `allowed here: ${Object.keys(methods).join(', ')}`)
  }
  return handler(context, request, url)
}

/** Whoever asks by address may mean the container that had it before: Docker gives one away again at once. */
function refuseMisdirected({ name }: RouteContext, { headers }: IncomingMessage): void {
  const meant = (headers.host ?? '').replace(/:\d+$/, '')
  if (name === null || meant === name || !meant.startsWith(GAME_PREFIX)) return
  throw new EngineError(421, 'misdirected_request', `this is ${name}, not ${meant.slice(0, 200)}`)
}

const ROUTES: ReadonlyMap<string, Methods> = new Map<string, Methods>([
  ['/healthz', { GET: health }],
  ['/api/v1/admin/status', { GET: ({ game }) => game.status() }],
  ['/api/v1/admin/init', { POST: init }],
  ['/api/v1/admin/turn', { POST: turn }],
  ['/api/v1/commands', { POST: commands }],
  ['/api/v1/orders', { POST: orders }],
])

function methodsAt(url: URL): Methods | undefined {
  return reportTurn(url) === null ? ROUTES.get(url.pathname) : { GET: report }
}

async function health({ version, faults, stop }: RouteContext): Promise<unknown> {
  if (faults.hangHealth) await hang(stop)
  return { status: 'ok', version }
}

async function init({ game }: RouteContext, request: IncomingMessage): Promise<unknown> {
  const { races } = await readBody(request, initRequest)
  return game.init(races)
}

async function turn({ game, faults, stop }: RouteContext, request: IncomingMessage): Promise<unknown> {
  const header = request.headers['idempotency-key']
  const key = header === undefined ? null : shaped(idempotencyKey, header, 'Idempotency-Key')
  const { turn: number } = await readBody(request, turnRequest)
  const state = await game.turn(number, key)
  await faultAfterTurn(faults, number, stop)
  return state
}

async function commands({ game }: RouteContext, request: IncomingMessage): Promise<unknown> {
  const body = await readBody(request, commandsRequest)
  return game.command(body.actor, body.commands)
}

async function orders({ game }: RouteContext, request: IncomingMessage): Promise<unknown> {
  const body = await readBody(request, ordersRequest)
  return game.queueOrders(body.actor, body.orders)
}

function report({ game }: RouteContext, _request: IncomingMessage, url: URL): Promise<unknown> {
  const actor = shaped(uuid, url.searchParams.get('actor'), 'query parameter actor')
  return game.report(actor, reportTurn(url) ?? 0)
}

function reportTurn(url: URL): number | null {
  const digits = /^\/api\/v1\/reports\/(\d{1,9})$/.exec(url.pathname)?.[1]
  return digits === undefined ? null : Number(digits)
}

function requestUrl(request: IncomingMessage): URL {
  const url = URL.parse(request.url ?? '/', 'http://engine')
  if (url === null) throw new EngineError(400, 'invalid_request', 'the address can not be read')
  return url
}
