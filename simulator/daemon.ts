import { createHash } from 'node:crypto'
import type { Filters } from './calls/filters.ts'
import type { HostMachine } from './calls/host.ts'
import { die, type Ending } from './calls/life.ts'
import { newImage } from './calls/new-image.ts'
import { type Answer, type CallContext, find, type Process, Refusal } from './calls/process.ts'
import type { ImageSetting, RegistryImage, Settings } from './calls/settings.ts'
import { takeNames } from './calls/take-names.ts'
import type { Clock } from './clock.ts'
import { EventLog } from './events/log.ts'
import { type FaultSubject, gameOf, RuleBook, subjectOf } from './faults/rule-book.ts'
import { tellEvent } from './faults/tell-event.ts'
import { withFaults } from './faults/strike.ts'
import { effectsOfRestart, type Restart, restartedByPolicy } from './restart.ts'
import { type Owner, Runner } from './runner.ts'
import type { Container } from './world/container.ts'
import type { Effect } from './world/effect.ts'
import { type Caller, type Entry, History, type Origin } from './world/history.ts'
import { worldAt } from './world/past.ts'
import { predefinedNetworks } from './world/predefined.ts'
import { World } from './world/world.ts'

/** One call of the Engine API, read and named. */
export interface EngineCall {
  /** As the controller's adapter names it. */
  readonly kind: string
  readonly caller: Caller
  /** Container, network or image as the caller named it. */
  readonly target: string
  /** Set for a create: the name and labels asked for. */
  readonly wanted: { readonly name: string | null; readonly labels: Readonly<Record<string, string>> } | null
  run(context: CallContext): Process<Answer> | Answer
}

/** Where a call's answer goes. Exactly one of `answer` and `drop` is called, or neither for a call that hangs. */
export interface AnswerSink {
  tell(line: unknown): void
  answer(answer: Answer): void
  /** The connection breaks. */
  drop(): void
}

export interface DaemonOptions {
  readonly clock: Clock
  readonly settings: Settings
  readonly machine: HostMachine
  /** What ids are made of. */
  readonly seed: string
}

/** Who is told of what becomes of the daemon. */
export interface Observer {
  /** Every change, after it was made. */
  onEntry(entry: Entry): void
  /** The daemon goes away and is to be back after this time. */
  onDown(downMs: number): void
}

const SIMULATOR: Origin = { callId: 0, kind: 'simulator', caller: 'simulator' }

/**
 * A Docker daemon without containers behind it: the world, its history, the calls under way, the events and the fault rules.
 *
 * It is up, or down after a restart was asked for until `rise` is called; nobody is to call it meanwhile.
 */
export class Daemon {
  readonly history = new History()
  readonly rules = new RuleBook()
  readonly events = new EventLog()
  readonly registry: RegistryImage[] = []
  readonly #options: DaemonOptions
  readonly #world = new World()
  readonly #runner: Runner
  readonly #context: CallContext
  readonly #observers = new Set<Observer>()
  readonly #sinks = new Map<number, () => void>()
  #lastCall = 0
  #lastId = 0
  #lastNs = 0n
  #fallen: Restart | null = null

  constructor(options: DaemonOptions) {
    this.#options = options
    this.#context = {
      world: this.#world,
      settings: options.settings,
      machine: options.machine,
      nowMs: () => options.clock.nowMs(),
      newId: () => this.#newId(),
    }
    this.#runner = new Runner({
      clock: options.clock,
      apply: (effect, origin) => this.#apply(effect, origin),
      spawned: (origin) => silentOwner({ ...origin, kind: 'life' }),
    })
    for (const effect of predefinedNetworks(this.#context.newId, this.nowMs(), `127.${options.settings.firstSubnet}`))
      this.#apply(effect, SIMULATOR)
  }

  /** What is there now. */
  get world(): CallContext['world'] {
    return this.#world
  }

  get settings(): Settings {
    return this.#options.settings
  }

  nowMs(): number {
    return this.#options.clock.nowMs()
  }

  /** Whether somebody waits for time to pass: a call, but for one that waits for a container's own end, or all while the daemon is down. */
  get isAwaited(): boolean {
    return this.#runner.isAwaited || this.isDown
  }

  /** @returns leaves off */
  observe(observer: Observer): () => void {
    this.#observers.add(observer)
    return () => void this.#observers.delete(observer)
  }

  call(call: EngineCall, sink: AnswerSink): void {
    this.#lastCall += 1
    const origin: Origin = { callId: this.#lastCall, kind: call.kind, caller: call.caller }
    const atMs = this.nowMs()
    const container = this.#containerOf(call)
    const faults = call.caller === 'docker' ? this.rules.forCall(subjectOfCall(call, container)) : []
    const settle = (status: number | null) => {
      this.#sinks.delete(origin.callId)
      this.history.addCall({ origin, target: call.target, atMs, endedAtMs: this.nowMs(), status, faults: faults.map(({ kind }) => kind) })
    }
    const drop = () => {
      settle(null)
      sink.drop()
    }
    this.#sinks.set(origin.callId, drop)
    const process = withFaults(
      {
        context: this.#context,
        container,
        newName: call.wanted?.name ?? null,
        past: (ms) => ({ ...this.#context, world: worldAt(this.history.since(0), this.nowMs() - ms) }),
        cutStreams: () => this.events.cut(),
        restart: (restart) => this.restart(restart),
      },
      faults,
      (context) => started(call.run(context)),
    )
    const isDropped = faults.some(({ kind }) => kind === 'drop_answer')
    this.#runner.run(process, {
      origin,
      isAwaited: call.kind !== 'container_wait',
      tell: (line) => sink.tell(line),
      end: (answer) => {
        if (isDropped) return drop()
        settle(answer.status)
        sink.answer(answer)
      },
      fail: (error) => {
        if (isDropped) return drop()
        const answer = answerOf(error)
        settle(answer.status)
        sink.answer(answer)
      },
    })
  }

  /** Follows the events; ends by itself when `untilMs` has passed. @returns leaves off */
  follow(filters: Filters, sinceNs: bigint | null, untilMs: number | null, send: (line: string) => void, end: () => void): () => void {
    const leave = this.events.follow({ filters, sinceNs, send, end })
    if (untilMs === null) return leave
    const forget = this.#options.clock.after(Math.max(0, untilMs - this.nowMs()), () => {
      leave()
      end()
    })
    return () => {
      forget()
      leave()
    }
  }

  /** Puts an image on the host, as if it had always been there. */
  provide(setting: ImageSetting): string {
    const image = newImage(setting, 0)
    const held = this.#world.image(image.id)
    const tags = [...new Set([...(held?.tags ?? []), ...image.tags])]
    for (const effect of takeNames(this.#world, tags, image.id)) this.#apply(effect, SIMULATOR)
    this.#apply({ subject: 'image', action: 'provide', id: image.id, after: { ...image, ...held, tags }, attributes: {} }, SIMULATOR)
    return image.id
  }

  /** Ends a container's processes, as a crash of its program does. */
  end(reference: string, ending: Ending): void {
    const { id } = find(this.#context, reference)
    this.#runner.run(die(this.#context, id, ending), silentOwner({ callId: 0, kind: 'life', caller: 'simulator' }))
  }

  /** The same for a program that ended by itself; nothing where its container ended before. */
  endLife(id: string, lives: number, exitCode: number): void {
    if (this.#world.container(id)?.lives === lives) this.end(id, { exitCode, isOom: false })
  }

  /** Takes the daemon down: every call under way breaks, streams end, what was in its memory only is gone. */
  restart(restart: Restart): void {
    if (this.#fallen !== null) return
    this.#fallen = restart
    if (restart.isGraceful) this.#applyAll(effectsOfRestart(this.#context, restart, 'going_down'))
    this.#runner.abandon(({ kind }) => kind !== 'life' || !restart.isLiveRestore)
    for (const drop of this.#sinks.values()) drop()
    this.events.cut()
    for (const observer of this.#observers) observer.onDown(restart.downMs)
  }

  /** Up again: what a daemon finds on its disk. */
  rise(): void {
    const restart = this.#fallen
    if (restart === null) return
    this.#fallen = null
    this.events.forget()
    this.#applyAll([...this.#world.heldNames()].map(([name, id]) => ({ subject: 'name', action: 'free', id, name }) as const))
    this.#applyAll(effectsOfRestart(this.#context, restart, 'coming_up'))
    for (const process of restartedByPolicy(this.#context)) this.#runner.run(process, silentOwner({ ...SIMULATOR, kind: 'life' }))
  }

  get isDown(): boolean {
    return this.#fallen !== null
  }

  #containerOf({ target, kind }: EngineCall): Container | undefined {
    if (!kind.startsWith('container_') || target === '') return undefined
    return this.#world.container(target) ?? this.#world.container(this.#world.nameHolder(target) ?? '')
  }

  #applyAll(effects: readonly Effect[]): void {
    for (const effect of effects) this.#apply(effect, { ...SIMULATOR, kind: 'daemon_restart' })
  }

  #apply(effect: Effect, origin: Origin): void {
    const atMs = this.nowMs()
    this.#lastNs = max(this.#lastNs + 1n, BigInt(Math.floor(atMs)) * 1_000_000n)
    this.#world.apply(effect)
    const entry = this.history.add({ atMs, atNs: this.#lastNs, origin, effect })
    tellEvent(entry, this.rules, this.events, this.#options.clock)
    if (effect.subject === 'container') this.#runner.wake(effect.id)
    for (const observer of this.#observers) observer.onEntry(entry)
  }

  #newId(): string {
    this.#lastId += 1
    return createHash('sha256').update(`${this.#options.seed} ${this.#lastId}`).digest('hex')
  }
}

function* started(run: Process<Answer> | Answer): Process<Answer> {
  return 'status' in run ? run : yield* run
}

function answerOf(error: unknown): Answer {
  if (error instanceof Refusal) return { status: error.status, body: { message: error.message } }
  // A fault of the simulator itself: it must not pass for one of Docker's.
  return { status: 599, body: { message: `simulator: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}` } }
}

function silentOwner(origin: Origin): Owner<void> {
  return {
    origin,
    isAwaited: false,
    tell: () => undefined,
    end: () => undefined,
    fail: (error) => {
      // A container that is gone ends what was to become of it.
      if (!(error instanceof Refusal)) throw error
    },
  }
}

function subjectOfCall({ kind, wanted }: EngineCall, container: Container | undefined): FaultSubject {
  if (wanted === null) return subjectOf(kind, container)
  return { kind, container: { id: '', name: wanted.name ?? '' }, game: gameOf(wanted.labels) }
}

function max(a: bigint, b: bigint): bigint {
  return a > b ? a : b
}
