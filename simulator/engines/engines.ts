import { behaviourOf } from '../calls/behaviour-of.ts'
import type { CallContext } from '../calls/process.ts'
import { addressesOf, type Container } from '../world/container.ts'
import type { Entry } from '../world/history.ts'
import { type RunningStub, startStub } from './stub.ts'

export interface EnginesOptions {
  readonly world: CallContext['world']
  /** The program of a container ended by itself. */
  readonly onEnd: (containerId: string, lives: number, exitCode: number) => void
  /** Something that a person should see. */
  readonly onProblem: (message: string) => void
}

/** What answers HTTP on the containers' addresses, from each start to its end. */
export class Engines {
  readonly #options: EnginesOptions
  /** By container; each change waits for the one before, so that an address is free before it is bound again. */
  readonly #work = new Map<string, Promise<RunningStub | null>>()

  constructor(options: EnginesOptions) {
    this.#options = options
  }

  /** Called for every entry of the history. */
  follow({ effect }: Entry): void {
    if (effect.subject !== 'container') return
    if (effect.action === 'start' && effect.after !== null) this.#begin(effect.after)
    else if (effect.action === 'die') this.#end(effect.id)
    else if (effect.action === 'pause' || effect.action === 'unpause') this.#pause(effect.id, effect.action === 'pause')
  }

  async stop(): Promise<void> {
    for (const id of this.#work.keys()) this.#end(id)
    await Promise.all(this.#work.values())
  }

  #begin(container: Container): void {
    const [address] = addressesOf(container)
    // Where the behaviour lies is all that is asked for here.
    const behaviour = behaviourOf({ world: this.#options.world }, container)
    if (address === undefined || behaviour.serves.kind === 'nothing') return
    const { serves } = behaviour
    this.#queue(container.id, async () => {
      try {
        return await startStub({
          container,
          address,
          serves,
          onExit: (exitCode) => this.#options.onEnd(container.id, container.lives, exitCode),
        })
      } catch (error) {
        this.#options.onProblem(
          `nothing serves container ${container.name} on ${address}: ${error instanceof Error ? error.message : String(error)}`,
        )
        return null
      }
    })
  }

  #end(id: string): void {
    if (!this.#work.has(id)) return
    this.#queue(id, async (stub) => {
      await stub?.stop()
      return null
    })
  }

  #pause(id: string, isPaused: boolean): void {
    if (!this.#work.has(id)) return
    this.#queue(id, (stub) => {
      stub?.pause(isPaused)
      return Promise.resolve(stub)
    })
  }

  #queue(id: string, change: (stub: RunningStub | null) => Promise<RunningStub | null>): void {
    const before = this.#work.get(id) ?? Promise.resolve(null)
    const after = before.then(change)
    this.#work.set(id, after)
    void after.then((stub) => {
      if (stub === null && this.#work.get(id) === after) this.#work.delete(id)
    })
  }
}
