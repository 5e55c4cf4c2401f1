import { setImmediate as macrotask } from 'node:timers/promises'
import type { VirtualClock } from '../../simulator/clock.ts'
import type { Random } from './random.ts'

/** A call that waits to be let through, or an answer that waits to be given. */
interface Waiting {
  readonly label: string
  /** True while it may not be let through: another transaction is open. */
  isBarred(): boolean
  run(): void | Promise<void>
}

export interface GateOptions {
  readonly clock: VirtualClock
  readonly random: Random
  /** A word of each thing that happened. */
  readonly onStep: (label: string) => void
}

/** A call that is under way may take so long before something else happens, now and then. */
const SLOW_SHARE = 0.1
const SLOW_MS = 200

/**
 * The one door between the controller and the world. Everything that goes through it waits until nothing runs any more; then chance picks one, which is
 * carried out whole, and the gate waits until its consequences have come to rest. So there is one order of things, and the seed chooses it.
 */
export class Gate {
  readonly #options: GateOptions
  #waiting: Waiting[] = []

  constructor(options: GateOptions) {
    this.#options = options
  }

  get isIdle(): boolean {
    return this.#waiting.length === 0
  }

  /** @returns takes it back */
  add(label: string, run: () => void | Promise<void>, isBarred: () => boolean = () => false): () => void {
    const waiting = { label, run, isBarred }
    this.#waiting.push(waiting)
    return () => {
      this.#waiting = this.#waiting.filter((each) => each !== waiting)
    }
  }

  /** Lets one thing happen, at the latest at `untilMs`; false when there is none. */
  async step(untilMs: number): Promise<boolean> {
    await atRest()
    const { clock, random, onStep } = this.#options
    const free = this.#waiting.filter((each) => !each.isBarred())
    const nextMs = clock.nextMs()
    const isDue = nextMs !== null && nextMs <= untilMs
    const isSlow = isDue && nextMs - clock.nowMs() <= SLOW_MS && free.length > 0 && random.chance(SLOW_SHARE)
    if (free.length > 0 && !isSlow) {
      const chosen = random.pick(free)
      this.#waiting = this.#waiting.filter((each) => each !== chosen)
      onStep(chosen.label)
      await chosen.run()
      await atRest()
      return true
    }
    if (!isDue) return false
    clock.leap()
    await atRest()
    return true
  }
}

/** No promise is under way. A second round is for what a stream puts off by one. */
export async function atRest(): Promise<void> {
  await macrotask()
  await macrotask()
}
