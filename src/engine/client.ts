import { errors } from 'undici'
import { type Clock, systemClock } from '../clock.ts'
import type { EngineState } from '../model/engine.ts'
import { messageOf } from '../model/errors.ts'
import { type EngineAddress, hostHeaderOf, originOf } from './address.ts'
import { readRefusal, readState } from './answer.ts'
import { withDeadline } from './deadline.ts'
import { type EngineAnswer, EngineConnections, type EngineRequest, isSuccess } from './exchange.ts'
import { printable } from '../model/printable.ts'
import { EngineFailure } from './failure.ts'
import { parseJson, type Reading } from './json.ts'
import { Lanes } from './lanes.ts'

export interface EngineClientOptions {
  readonly timeouts: {
    /** For the connection alone; what is left of the call's own time, where that is less. */
    readonly connectMs: number
    /** For all of a call of init or status, from its beginning to the end of the answer. */
    readonly adminMs: number
    /** For all of a turn. */
    readonly turnMs: number
    /** For all of a player's call, waiting for its place included. */
    readonly playerMs: number
  }
  /** The longest answers that are read, in bytes; 1 MiB and 4 MiB when left out. */
  readonly maxBytes?: { readonly state: number; readonly player: number }
  /** Players' calls that run at a time on one engine, 32 when left out; others wait. The controller's own calls never do. */
  readonly playerCallsAtOnce?: number
  /** What the time-outs are measured by; the system's when left out. */
  readonly clock?: Clock
  /** Carries the calls; connections of its own when left out. */
  readonly transport?: EngineTransport
}

/** Asks once, and no longer than the signal lets it; see {@link EngineConnections}. */
export type EngineTransport = Pick<EngineConnections, 'exchange' | 'close'>

/**
 * Speaks protocol `galaxy` (spec 4, "Engine contract") with engines, and believes nothing they answer. Every call ends within its time, however the
 * engine behaves, and is made once at most.
 *
 * Every method throws {@link EngineFailure}, and `unanswered` where the signal ends it.
 */
export interface EngineClient {
  /** Creates the game; on an initialised one it only says how that stands. */
  init(address: EngineAddress, races: readonly string[], signal: AbortSignal): Promise<EngineState>
  status(address: EngineAddress, signal: AbortSignal): Promise<EngineState>
  /**
   * Has the turn computed, or the present state told when it has been. Whether the state is that of the turn or a later one is the caller's to check.
   *
   * @param idempotencyKey `{game_id}:{incarnation}:{turn}`
   */
  turn(address: EngineAddress, turn: number, idempotencyKey: string, signal: AbortSignal): Promise<EngineState>
  /** @param actor the engine's id of the player, which replaces whatever the body says */
  commands(address: EngineAddress, actor: string, body: PlayerBody, signal: AbortSignal): Promise<PlayerAnswer>
  /** @param actor the engine's id of the player, which replaces whatever the body says */
  orders(address: EngineAddress, actor: string, body: PlayerBody, signal: AbortSignal): Promise<PlayerAnswer>
  report(address: EngineAddress, actor: string, turn: number, signal: AbortSignal): Promise<PlayerAnswer>
  /** Breaks off what is under way; later calls fail. */
  close(): Promise<void>
}

export type PlayerBody = Readonly<Record<string, unknown>>

/** What the engine said to a player: an answer (2xx) or a refusal that is the player's to read (4xx). */
export interface PlayerAnswer {
  readonly status: number
  /** JSON, at most 64 levels deep. */
  readonly body: unknown
}

const MAX_BYTES = { state: 1_048_576, player: 4_194_304 }
const PLAYER_CALLS_AT_ONCE = 32

export function createEngineClient(options: EngineClientOptions): EngineClient {
  const { timeouts, maxBytes = MAX_BYTES, clock = systemClock } = options
  const transport = options.transport ?? new EngineConnections(timeouts.connectMs)
  const lanes = new Lanes(options.playerCallsAtOnce ?? PLAYER_CALLS_AT_ONCE)

  const admin = (address: EngineAddress, call: Call, timeoutMs: number, signal: AbortSignal): Promise<EngineState> => {
    const request = { ...call, maxBytes: maxBytes.state }
    return withDeadline(timeoutMs, signal, async (signal) => stateOf(request, await ask(transport, address, request, signal)), clock)
  }

  const player = (address: EngineAddress, call: Call, signal: AbortSignal): Promise<PlayerAnswer> => {
    const request = { ...call, maxBytes: maxBytes.player }
    const run = async (signal: AbortSignal) => playerAnswerOf(request, await ask(transport, address, request, signal, lanes))
    return withDeadline(timeouts.playerMs, signal, run, clock)
  }

  return {
    init: (address, races, signal) => {
      const body = { races: races.map((raceName) => ({ raceName })) }
      return admin(address, { method: 'POST', path: '/api/v1/admin/init', body }, timeouts.adminMs, signal)
    },
    status: (address, signal) => admin(address, { method: 'GET', path: '/api/v1/admin/status' }, timeouts.adminMs, signal),
    turn: (address, turn, idempotencyKey, signal) => {
      const headers = { 'idempotency-key': idempotencyKey }
      return admin(address, { method: 'POST', path: '/api/v1/admin/turn', headers, body: { turn } }, timeouts.turnMs, signal)
    },
    commands: (address, actor, body, signal) =>
      player(address, { method: 'POST', path: '/api/v1/commands', body: { ...body, actor } }, signal),
    orders: (address, actor, body, signal) => player(address, { method: 'POST', path: '/api/v1/orders', body: { ...body, actor } }, signal),
    report: (address, actor, turn, signal) =>
      player(address, { method: 'GET', path: `/api/v1/reports/${turn}?actor=${encodeURIComponent(actor)}` }, signal),
    close: () => transport.close(),
  }
}

type Call = Omit<EngineRequest, 'maxBytes'>

async function ask(
  transport: EngineTransport,
  address: EngineAddress,
  request: EngineRequest,
  signal: AbortSignal,
  lanes: Lanes | null = null,
): Promise<EngineAnswer> {
  const origin = originOf(address)
  const named = { ...request, headers: { ...request.headers, host: hostHeaderOf(address) } }
  const exchange = (): Promise<EngineAnswer> => transport.exchange(origin, named, signal)
  try {
    return lanes === null ? await exchange() : await lanes.run(origin, signal, exchange)
  } catch (error) {
    // Nothing was sent: a header that is none, say. That is the caller's bug.
    if (error instanceof errors.InvalidArgumentError) throw error
    throw unanswered(request, error)
  }
}

function stateOf(request: EngineRequest, answer: EngineAnswer): EngineState {
  if (!isSuccess(answer.status)) throw refused(request, answer)
  return whole(request, answer, readState)
}

/** Another game's engine has the address by now (RFC 9110): nothing for a player to read. */
const MISDIRECTED = 421

function playerAnswerOf(request: EngineRequest, answer: EngineAnswer): PlayerAnswer {
  const { status, bytes, end } = answer
  if (isSuccess(status)) return { status, body: whole(request, answer, parseJson) }
  const body = parseJson(bytes)
  if (status < 400 || status > 499 || status === MISDIRECTED || end.kind !== 'whole' || body.kind !== 'read') throw refused(request, answer)
  return { status, body: body.value }
}

function whole<T>(request: EngineRequest, { bytes, end }: EngineAnswer, read: (bytes: Uint8Array) => Reading<T>): T {
  if (end.kind === 'broken') throw unanswered(request, end.error)
  const reading = end.kind === 'too_long' ? tooLong(request.maxBytes) : read(bytes)
  if (reading.kind === 'read') return reading.value
  throw new EngineFailure('invalid', `${nameOf(request)} brought no usable answer: ${reading.why}`)
}

function tooLong(maxBytes: number): Reading<never> {
  return { kind: 'unusable', why: `expected at most ${maxBytes} bytes, found more` }
}

function unanswered(request: EngineRequest, error: unknown): EngineFailure {
  return new EngineFailure('unanswered', `${nameOf(request)} got no answer: ${printable(messageOf(error))}`)
}

function refused(request: EngineRequest, { status, bytes }: EngineAnswer): EngineFailure {
  const { code, message } = readRefusal(bytes)
  const said = message === '' ? '' : `: ${message}`
  return new EngineFailure('refused', `${nameOf(request)} was refused with ${status}${said}`, { status, code })
}

/** Without the query: it names a player. */
function nameOf({ method, path }: EngineRequest): string {
  return `${method} ${path.split('?', 1)[0]}`
}
