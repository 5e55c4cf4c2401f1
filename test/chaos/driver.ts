import { setTimeout as realTime } from 'node:timers/promises'
import { pino } from 'pino'
import { v7 as uuid } from 'uuid'
import type { Answer } from '../../simulator/calls/process.ts'
import type { VirtualClock } from '../../simulator/clock.ts'
import type { Daemon } from '../../simulator/daemon.ts'
import type { Config } from '../../src/config.ts'
import type { Term, Testimony } from '../../src/controller/leadership.ts'
import { isTransient } from '../../src/database/errors.ts'
import { RuntimeFailure } from '../../src/model/errors.ts'
import type { Identity } from '../../src/model/labels.ts'
import { loadQueued } from '../../src/record/load-queued.ts'
import type { Surroundings } from '../../src/surroundings.ts'
import { type ActiveTerm, runTerm } from '../../src/term.ts'
import { writesAmong } from '../support/settled.ts'
import type { ChaosDatabase } from './database.ts'
import { beginCall, dockerOf } from './docker.ts'
import type { Crash, NumberedEffect, OutsideEffect } from './effects.ts'
import type { Engines } from './engines.ts'
import type { Folders } from './folders.ts'
import { Gate } from './gate.ts'
import { machineNowMs } from './judge/machine-clock.ts'
import { Life } from './life.ts'
import { random } from './random.ts'

export interface DriverOptions {
  readonly seed: number
  readonly clock: VirtualClock
  readonly config: Config
  readonly identity: Identity
  readonly daemon: Daemon
  readonly database: ChaosDatabase
  readonly engines: Engines
  readonly folders: Folders
  readonly useEvents: boolean
}

/** Of database time, so longer than any history takes. */
const LEASE = '1 hour'
const START_WITHIN_MS = 600_000
const HAND_WITHIN_MS = 120_000
const QUIET_MS = 30_000

/** Lives of the controller, one after the other, and the hand that lets time pass. */
export class Driver {
  readonly effects: NumberedEffect[] = []
  readonly trace: string[] = []
  readonly #options: DriverOptions
  readonly #gate: Gate
  #life: Life | null = null
  #active: ActiveTerm | null = null
  #ended: Promise<void> = Promise.resolve()
  #failure: unknown = null
  #epoch = 0
  #crash: Crash | null = null
  #testify: () => Testimony | null = () => null

  constructor(options: DriverOptions) {
    this.#options = options
    const onStep = (label: string): void => void this.trace.push(label)
    this.#gate = new Gate({ clock: options.clock, random: random(options.seed, 'gate'), onStep })
  }

  get isAlive(): boolean {
    return this.#life !== null && !this.#life.isDead
  }

  get epoch(): number {
    return this.#epoch
  }

  vouchesFor(gameId: string): boolean {
    const testimony = this.isAlive ? this.#testify() : null
    return testimony !== null && !testimony.unseen.includes(gameId)
  }

  crashAt(crash: Crash | null): void {
    this.#crash = crash
  }

  async sql<Row extends object>(text: string, values: readonly unknown[] = []): Promise<readonly Row[]> {
    const result = await this.#options.database.ask<Row>(text, values)
    await this.#options.database.flush()
    // Several statements have as many results.
    return result.rows ?? []
  }

  async docker(method: string, path: string, body?: unknown): Promise<Answer | 'dropped' | 'hangs'> {
    const url = new URL(path, 'http://docker')
    const under: { outcome: Answer | 'dropped' | 'hangs' } = { outcome: 'hangs' }
    if (this.#options.daemon.isDown) return 'dropped'
    beginCall(this.#options.daemon, 'control', { method, path: url.pathname, query: url.searchParams, body, hasLogin: false }, (end) => {
      under.outcome = end
    })
    const untilMs = this.#options.clock.nowMs() + HAND_WITHIN_MS
    while (under.outcome === 'hangs' && (await this.#step(untilMs))) continue
    return under.outcome
  }

  async start(): Promise<void> {
    if (this.isAlive) throw new Error('a life runs already')
    await this.#ended
    const { database, config, identity, clock } = this.#options
    const life = new Life({
      gate: this.#gate,
      clock,
      number: (effect) => this.#number(effect),
      crashOf: ({ number }) => (this.#crash?.effect === number ? this.#crash : null),
      onDeath: () => {
        this.#active = null
        database.end()
      },
    })
    this.#epoch = await this.#takeLease()
    await database.begin(life, config.instance, this.#epoch)
    this.#life = life
    const term: Term = {
      epoch: this.#epoch,
      signal: life.signal,
      assertMayAct: () => {
        if (life.isDead) throw new RuntimeFailure('transient', 'service_unavailable', 'killed')
      },
      vouch: (testimony) => {
        this.#testify = testimony
      },
      renewSoon: () => {},
    }
    this.#ended = runTerm(term, {
      config,
      databaseUrl: 'postgres://of-the-world/',
      docker: dockerOf(life, this.#options.daemon, config.timings.dockerCallMs),
      identity,
      log: pino({ level: process.env['TEST_LOG'] ?? 'silent' }),
      useEvents: this.#options.useEvents,
      surroundings: this.#surroundingsOf(life),
      onActive: (active) => {
        if (!life.isDead) this.#active = active
      },
    }).catch((error: unknown) => {
      if (life.isDead) return
      // A term that the database breaks off at its beginning gives way to the next one, as for `runLeadership`.
      if (isTransient(error)) life.kill()
      else this.#failure = error
    })
    const untilMs = clock.nowMs() + START_WITHIN_MS
    while (this.#active === null && this.isAlive) {
      if (!(await this.#step(untilMs))) throw new Error(`the controller does not begin to work; last: ${this.trace.slice(-5).join('; ')}`)
    }
  }

  kill(): void {
    this.#life?.kill()
  }

  async pass(ms: number): Promise<void> {
    const { clock } = this.#options
    const untilMs = clock.nowMs() + ms
    while (await this.#step(untilMs)) continue
    clock.advance(untilMs - clock.nowMs())
  }

  async settle(maxMs: number, quietMs = QUIET_MS): Promise<boolean> {
    const { clock } = this.#options
    const untilMs = clock.nowMs() + maxMs
    let [quietFromMs, effects] = [clock.nowMs(), this.effects.length]
    for (;;) {
      // What is under way may wait for something that falls due after the quiet time.
      if (!(await this.#step(this.#isIdle ? Math.min(untilMs, quietFromMs + quietMs) : untilMs))) {
        if (this.#isIdle) break
        if (clock.nowMs() >= untilMs) return false
      }
      if (this.effects.length === effects) continue
      effects = this.effects.length
      quietFromMs = clock.nowMs()
    }
    const restMs = quietFromMs + quietMs - clock.nowMs()
    if (quietFromMs + quietMs > untilMs) return false
    if (restMs > 0) clock.advance(restMs)
    return true
  }

  async resyncs(n: number): Promise<{ readonly dockerWrites: readonly string[]; readonly rowsWritten: number }> {
    const { database, daemon } = this.#options
    const [writes, calls] = [database.writes, daemon.history.calls().length]
    for (let resync = 0; resync < n; resync += 1) {
      if (this.#active === null) throw new Error('no life is at work')
      const { deps, loop, world } = this.#active
      const look = { isDone: false }
      const looked = Promise.all([world.relist(), loadQueued(deps.db, undefined)]).then(([changed, queued]) => {
        for (const gameId of queued.keys()) deps.games.update(gameId, { isQueueUnsure: true })
        loop.add(changed)
        loop.addAll()
        look.isDone = true
      })
      const untilMs = this.#options.clock.nowMs() + 5_000
      while (!look.isDone || !this.#isIdle)
        if (!(await this.#step(untilMs))) throw new Error('a look at everything does not come to its end')
      await looked
    }
    const made = daemon.history.calls().slice(calls)
    return {
      dockerWrites: writesAmong(made.flatMap(({ origin }) => (origin.caller === 'docker' ? [origin.kind] : []))),
      rowsWritten: database.writes - writes,
    }
  }

  /** Kills the life and waits until nothing of it runs any more. */
  async end(): Promise<void> {
    this.kill()
    await Promise.race([this.#ended, realTime(5_000, undefined, { ref: false })])
  }

  get #isIdle(): boolean {
    const loop = this.#active?.loop
    return this.#gate.isIdle && (loop === undefined || loop.depth + loop.inFlight === 0)
  }

  async #step(untilMs: number): Promise<boolean> {
    if (this.#failure !== null) throw new Error('the term failed', { cause: this.#failure })
    return this.#gate.step(untilMs)
  }

  #number(effect: OutsideEffect): NumberedEffect {
    const numbered = { number: this.effects.length + 1, realMs: machineNowMs(), atMs: this.#options.clock.nowMs(), ...effect }
    this.effects.push(numbered)
    return numbered
  }

  async #takeLease(): Promise<number> {
    const { database } = this.#options
    const { instance } = this.#options.identity
    await database.ask("UPDATE controller_leases SET expires_at = '-infinity' WHERE instance = $1", [instance])
    const { rows } = await database.ask<{ epoch: number }>(`SELECT galaxy_acquire_lease($1, 'chaos', '${LEASE}', '${LEASE}') AS epoch`, [
      instance,
    ])
    if (rows[0] === undefined) throw new Error('the lease cannot be taken')
    return rows[0].epoch
  }

  #surroundingsOf(life: Life): Surroundings {
    const { seed, database, engines, folders } = this.#options
    const chance = random(seed, `life ${this.#epoch}`)
    let lastId = 0
    return {
      clock: life.clock,
      random: () => chance.next(),
      newId: () =>
        uuid({ msecs: life.clock.nowMs(), seq: (lastId += 1), random: Uint8Array.from({ length: 16 }, () => chance.below(256)) }),
      openPool: () => database.poolOf(life, (values) => this.#gameAmong(values)),
      listen: database.listenOf(life),
      openTransport: () => engines.transportOf(life),
      probe: engines.probeOf(life),
      credentials: async () => null,
      stateFolders: () => folders.of(life),
      watchManifests: () => ({ rescan: () => Promise.reject(new Error('there is no folder')), problems: () => [], stop: async () => {} }),
    }
  }

  /** Which of the known games a statement's values name. */
  #gameAmong(values: readonly unknown[]): string | null {
    const games = new Set([...(this.#active?.deps.games.keys() ?? []), ...(this.#active?.world.games() ?? [])])
    const named = values.find((value) => typeof value === 'string' && games.has(value))
    return typeof named === 'string' ? named : null
  }
}
