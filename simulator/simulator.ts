import { randomUUID } from 'node:crypto'
import { type Clock, realClock, virtualClock } from './clock.ts'
import { Daemon } from './daemon.ts'
import { Engines } from './engines/engines.ts'
import { thisMachine } from './machine.ts'
import { type ApiServer, startApiServer } from './server/server.ts'
import { engineImages, type Setup } from './setup.ts'
import { claimSubnets } from './subnets.ts'

export interface SimulatorOptions {
  readonly socketPath: string
  /** A second socket, whose calls are a test's hand: told apart in the history, and met by no fault. */
  readonly controlPath: string | null
  /** Else time passes only while a call waits for it, at once, and when it is told to. */
  readonly isRealTime: boolean
  readonly setup: Setup
  readonly onProblem: (message: string) => void
}

export interface Simulator {
  readonly daemon: Daemon
  stop(): Promise<void>
}

/** Starts a simulated daemon on its sockets. */
export async function startSimulator(options: SimulatorOptions): Promise<Simulator> {
  const { setup, socketPath, controlPath } = options
  const subnets = await claimSubnets()
  const { clock, advance } = options.isRealTime ? { clock: realClock(), advance: null } : leapingClock(() => daemon.isAwaited)
  const daemon: Daemon = new Daemon({
    clock,
    settings: { ...setup.settings, firstSubnet: subnets.firstSubnet },
    machine: thisMachine,
    seed: setup.seed ?? randomUUID(),
  })
  const engines = new Engines({
    world: daemon.world,
    onEnd: (id, lives, exitCode) => daemon.endLife(id, lives, exitCode),
    onProblem: options.onProblem,
  })
  for (const image of [...engineImages(), ...setup.images]) daemon.provide(image)
  daemon.registry.push(...setup.registry)
  for (const rule of setup.rules) daemon.rules.set(rule)
  const sockets = new Sockets(daemon, clock, () => startApiServer({ daemon, socketPath, caller: 'docker', advance }))
  daemon.observe({ onEntry: (entry) => engines.follow(entry), onDown: (downMs) => sockets.goDown(downMs) })
  await sockets.goUp()
  const control = controlPath === null ? null : await startApiServer({ daemon, socketPath: controlPath, caller: 'control', advance })
  return {
    daemon,
    stop: async () => {
      await control?.stop()
      await sockets.stop()
      await engines.stop()
      await subnets.release()
    },
  }
}

/** A virtual clock that leaps to what is due next whenever somebody waits for time to pass. */
function leapingClock(isAwaited: () => boolean): { readonly clock: Clock; readonly advance: (ms: number) => void } {
  const clock = virtualClock(Date.now())
  let isLeaping = false
  const leap = () => {
    isLeaping = false
    if (isAwaited() && clock.leap()) later()
  }
  const later = () => {
    if (isLeaping) return
    isLeaping = true
    // After what is going on now, and after what has come in meanwhile.
    setImmediate(leap)
  }
  return {
    advance: (ms) => clock.advance(ms),
    clock: {
      nowMs: () => clock.nowMs(),
      after: (delayMs, fn) => {
        later()
        return clock.after(delayMs, fn)
      },
    },
  }
}

/** The daemon's own socket, which is not there while the daemon is down. */
class Sockets {
  readonly #daemon: Daemon
  readonly #clock: Clock
  readonly #start: () => Promise<ApiServer>
  #server: ApiServer | null = null
  #change: Promise<void> = Promise.resolve()
  #isStopped = false
  #forget: () => void = () => undefined

  constructor(daemon: Daemon, clock: Clock, start: () => Promise<ApiServer>) {
    this.#daemon = daemon
    this.#clock = clock
    this.#start = start
  }

  goUp(): Promise<void> {
    return this.#queue(async () => {
      if (this.#isStopped) return
      this.#daemon.rise()
      this.#server = await this.#start()
    })
  }

  goDown(downMs: number): void {
    void this.#close()
    this.#forget = this.#clock.after(downMs, () => void this.goUp())
  }

  stop(): Promise<void> {
    this.#isStopped = true
    this.#forget()
    return this.#close()
  }

  #close(): Promise<void> {
    return this.#queue(async () => {
      await this.#server?.stop()
      this.#server = null
    })
  }

  #queue(change: () => Promise<void>): Promise<void> {
    this.#change = this.#change.then(change)
    return this.#change
  }
}
