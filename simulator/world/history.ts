import type { Effect } from './effect.ts'

/** What set an effect going. */
export interface Origin {
  /** Of the call, or of the life of a container; 0 for what the simulator itself does. */
  readonly callId: number
  /** The kind of call as the controller's adapter names it, e.g. `container_stop`; `life` for what a container does by itself. */
  readonly kind: string
  /** `docker`: who uses the simulated daemon's own socket; `control`: a test's hand; `simulator`: nobody. */
  readonly caller: Caller
}

export type Caller = 'docker' | 'control' | 'simulator'

/** One change of the world. */
export interface Entry {
  /** From 1, without gaps. */
  readonly seq: number
  /** Virtual or real; epoch milliseconds. */
  readonly atMs: number
  /** Strictly growing. */
  readonly atNs: bigint
  readonly origin: Origin
  readonly effect: Effect
}

/** One call, when it was answered or given up; `status` is null where no answer went out. */
export interface CallEntry {
  readonly origin: Origin
  /** Container, network or image as the caller named it. */
  readonly target: string
  readonly atMs: number
  readonly endedAtMs: number
  readonly status: number | null
  /** Rules that meddled with it. */
  readonly faults: readonly string[]
}

/** Everything that ever happened to a world. It can be added to and read; nothing takes away from it or changes it. */
export class History {
  readonly #entries: Entry[] = []
  readonly #calls: CallEntry[] = []

  add(entry: Omit<Entry, 'seq'>): Entry {
    const whole = Object.freeze({ ...entry, seq: this.#entries.length + 1 })
    this.#entries.push(whole)
    return whole
  }

  addCall(call: CallEntry): void {
    this.#calls.push(Object.freeze(call))
  }

  /** Entries after `seq`, oldest first. */
  since(seq: number): readonly Entry[] {
    return this.#entries.slice(seq)
  }

  calls(): readonly CallEntry[] {
    return this.#calls.slice()
  }

  get length(): number {
    return this.#entries.length
  }
}
