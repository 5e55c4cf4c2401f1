import { createHash } from 'node:crypto'
import { behaviourOf } from '../../simulator/calls/behaviour-of.ts'
import type { VirtualClock } from '../../simulator/clock.ts'
import type { Daemon } from '../../simulator/daemon.ts'
import { addressesOf, type Container } from '../../simulator/world/container.ts'
import type { Entry } from '../../simulator/world/history.ts'
import type { EngineTransport } from '../../src/engine/client.ts'
import type { EngineAnswer, EngineRequest } from '../../src/engine/exchange.ts'
import type { ProbeEngine } from '../../src/engine/probe.ts'
import type { Folder, Folders, SavedState } from './folders.ts'
import type { Life } from './life.ts'

/** A turn that an engine computed and saved: turn 0 is init. */
export interface ComputedTurn {
  readonly game: string
  /** Counts the folder's lives: 1, and one more after each purge. */
  readonly incarnation: number
  readonly turn: number
  readonly containerId: string
  readonly atMs: number
}

/**
 * What goes wrong with the next call of this kind to this game's engine.
 *
 * - `lost`: computed and saved, and the connection breaks before the answer.
 * - `hangs`: computed and saved, and never answered. - `refuses`: 500, and nothing is done.
 * - `crashes`: the program ends before, and `crashes_after`: right after it has saved.
 */
export interface EngineFault {
  readonly game: string
  readonly on: 'init' | 'status' | 'turn' | 'health'
  readonly kind: 'lost' | 'hangs' | 'refuses' | 'crashes' | 'crashes_after'
}

export interface EnginesOptions {
  readonly daemon: Daemon
  readonly clock: VirtualClock
  readonly folders: Folders
  /** Turns after which a game is finished. */
  readonly turnLimit: number
}

const READY_MS = 40
const TURN_MS = 30
const CRASH_EXIT_CODE = 70

/** A running program, from one start of its container to its end. */
interface Program {
  readonly container: Container
  readonly game: string
  readonly folder: Folder | null
  readonly serves: 'health' | 'engine'
  readonly readyAtMs: number
  /** The turn being computed; whoever asks for it meanwhile waits. */
  computing: Promise<void> | null
  readonly broken: Set<(error: Error) => void>
}

/** The engines of the world: programs that keep a game in their state folder and answer the contract (spec 4, "Engine contract"). */
export class Engines {
  readonly computed: ComputedTurn[] = []
  /** How often each kind of fault struck. */
  readonly struck = new Map<string, number>()
  readonly #options: EnginesOptions
  readonly #programs = new Map<string, Program>()
  readonly #faults: EngineFault[] = []

  constructor(options: EnginesOptions) {
    this.#options = options
  }

  fault(fault: EngineFault): void {
    this.#faults.push(fault)
  }

  liftFaults(): void {
    this.#faults.length = 0
  }

  follow({ effect }: Entry): void {
    if (effect.subject !== 'container') return
    if (effect.action === 'start' && effect.after !== null) this.#begin(effect.after)
    if (effect.action === 'die') this.#end(effect.id)
  }

  /** As the controller of this life reaches them. */
  transportOf(life: Life): EngineTransport {
    return {
      exchange: (origin, request, signal) => {
        const { hostname } = new URL(origin)
        const kind = kindOf(request.path)
        const game = this.#at(hostname)?.game ?? null
        const outgoing = { by: 'engine', kind, game, isWrite: request.method === 'POST', signal } as const
        return untilAborted(
          life.call(outgoing, () => this.#ask(hostname, kind, request)),
          signal,
        )
      },
      close: async () => {},
    }
  }

  probeOf(life: Life): ProbeEngine {
    return async ({ address, name }, signal) => {
      const request = { method: 'GET', path: '/healthz', maxBytes: 1_000, headers: { host: name } } as const
      const outgoing = { by: 'engine', kind: 'health', game: this.#at(address)?.game ?? null, isWrite: false, signal } as const
      const { status } = await untilAborted(
        life.call(outgoing, () => this.#ask(address, 'health', request)),
        signal,
      )
      if (status !== 200) throw new Error(`/healthz answered ${status}`)
    }
  }

  #begin(container: Container): void {
    const { daemon, folders, clock } = this.#options
    const { serves } = behaviourOf({ world: daemon.world }, container)
    if (serves.kind === 'nothing') return
    const folder = container.mounts.map(({ source }) => folders.get(source)).find((each) => each !== undefined) ?? null
    this.#programs.set(container.id, {
      container,
      game: container.config.Labels?.['com.galaxy.game_id'] ?? '',
      folder,
      serves: serves.kind,
      readyAtMs: clock.nowMs() + READY_MS,
      computing: null,
      broken: new Set(),
    })
  }

  #end(id: string): void {
    const program = this.#programs.get(id)
    this.#programs.delete(id)
    for (const fail of program?.broken ?? []) fail(new Error('other side closed'))
  }

  #at(address: string): Program | undefined {
    return this.#programs.values().find(({ container }) => addressesOf(this.#now(container)).includes(address))
  }

  #now(container: Container): Container {
    return this.#options.daemon.world.container(container.id) ?? container
  }

  async #ask(address: string, kind: string, request: EngineRequest): Promise<EngineAnswer> {
    const program = this.#at(address)
    if (program === undefined || program.readyAtMs > this.#options.clock.nowMs()) throw refused(address)
    if (!isMeantFor(program, request)) return answer(421, { error: { code: 'misdirected_request', message: 'this is another game' } })
    const fault = this.#takeFault(program.game, kind)
    if (fault === 'refuses') return answer(500, { error: { code: 'internal_error', message: 'the engine failed' } })
    if (fault === 'crashes') this.#crash(program)
    const whole = this.#answer(program, kind, request)
    return await new Promise<EngineAnswer>((resolve, reject) => {
      program.broken.add(reject)
      // The program ended while it was asked.
      if (!this.#programs.has(program.container.id)) reject(new Error('other side closed'))
      // A paused one takes the connection and says nothing.
      if (this.#now(program.container).status === 'paused') return
      void whole.then((value) => {
        if (fault === 'crashes_after') this.#crash(program)
        if (fault === 'lost') reject(new Error('other side closed'))
        if (fault !== 'hangs') resolve(value)
      }, reject)
    })
  }

  #crash({ container }: Program): void {
    this.#options.daemon.end(container.id, { exitCode: CRASH_EXIT_CODE, isOom: false })
  }

  #takeFault(game: string, kind: string): EngineFault['kind'] | null {
    const at = this.#faults.findIndex((fault) => fault.game === game && fault.on === kind)
    const fault = at < 0 ? undefined : this.#faults.splice(at, 1)[0]
    if (fault === undefined) return null
    countUp(this.struck, `engine ${fault.on} ${fault.kind}`)
    return fault.kind
  }

  async #answer(program: Program, kind: string, { body }: EngineRequest): Promise<EngineAnswer> {
    if (kind === 'health') return answer(200, { status: 'ok' })
    const { folder } = program
    if (program.serves !== 'engine' || folder === null)
      return answer(404, { error: { code: 'not_found', message: 'there is nothing here' } })
    if (kind === 'init') return this.#init(program, folder, (body as { readonly races: readonly { readonly raceName: string }[] }).races) // as our client sends it
    if (folder.state === null) return answer(409, { error: { code: 'not_initialised', message: 'the game is not initialised' } })
    if (kind === 'status') return answer(200, stateOf(folder.state))
    return await this.#turn(program, folder, (body as { readonly turn: number }).turn) // as our client sends it
  }

  #init(program: Program, folder: Folder, races: readonly { readonly raceName: string }[]): EngineAnswer {
    folder.state ??= this.#saved(program, folder, {
      turn: 0,
      finished: false,
      players: races.map(({ raceName }) => ({ raceName, id: idOf(program.game, folder.incarnation, raceName) })),
    })
    return answer(200, stateOf(folder.state))
  }

  async #turn(program: Program, folder: Folder, turn: number): Promise<EngineAnswer> {
    await program.computing
    const { state } = folder
    if (state === null || turn > state.turn + 1) return answer(409, { error: { code: 'turn_ahead', message: `turn ${turn} is ahead` } })
    if (turn === state.turn + 1) {
      if (state.finished) return answer(409, { error: { code: 'game_finished', message: 'the game has ended' } })
      program.computing = this.#compute(program, folder, turn).finally(() => {
        program.computing = null
      })
      await program.computing
    }
    return answer(200, stateOf(folder.state ?? state))
  }

  /** A program that ends meanwhile saves nothing. */
  async #compute(program: Program, folder: Folder, turn: number): Promise<void> {
    await new Promise<void>((resolve) => this.#options.clock.after(TURN_MS, resolve))
    const isCurrent = this.#programs.get(program.container.id) === program && folder.state?.turn === turn - 1
    if (!isCurrent || folder.state === null) return
    folder.state = this.#saved(program, folder, { ...folder.state, turn, finished: turn >= this.#options.turnLimit })
  }

  #saved({ game, container }: Program, { incarnation }: Folder, state: SavedState): SavedState {
    this.computed.push({ game, incarnation, turn: state.turn, containerId: container.id, atMs: this.#options.clock.nowMs() })
    return state
  }
}

/** Addresses are given away again; a request names whom it is meant for (RFC 9110, "421 Misdirected Request"). */
function isMeantFor({ container }: Program, { headers }: EngineRequest): boolean {
  return headers?.['host']?.replace(/:\d+$/, '') === container.config.Hostname
}

const KINDS: readonly (readonly [string, string])[] = [
  ['/api/v1/admin/init', 'init'],
  ['/api/v1/admin/status', 'status'],
  ['/api/v1/admin/turn', 'turn'],
]

function kindOf(path: string): string {
  return KINDS.find(([prefix]) => path.startsWith(prefix))?.[1] ?? path
}

function stateOf({ turn, finished, players }: SavedState): unknown {
  return { turn, finished, players: players.map((player) => ({ ...player, planets: 1 + turn, population: 100 + turn })) }
}

function answer(status: number, body: unknown): EngineAnswer {
  return { status, bytes: Buffer.from(JSON.stringify(body)), end: { kind: 'whole' } }
}

function refused(address: string): Error {
  return Object.assign(new Error(`connect ECONNREFUSED ${address}:8080`), { code: 'ECONNREFUSED' })
}

function idOf(game: string, incarnation: number, raceName: string): string {
  const digits = createHash('sha256').update(`${game} ${incarnation} ${raceName}`).digest('hex')
  return [digits.slice(0, 8), digits.slice(8, 12), digits.slice(12, 16), digits.slice(16, 20), digits.slice(20, 32)].join('-')
}

export function countUp(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1)
}

/** The call goes on where it is; whoever asked does not wait for it. */
export function untilAborted<T>(call: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const giveUp = (): void => reject(signal.reason)
    signal.addEventListener('abort', giveUp, { once: true })
    if (signal.aborted) giveUp()
    call.then(resolve, reject).finally(() => signal.removeEventListener('abort', giveUp))
  })
}
