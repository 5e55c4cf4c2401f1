import type { Injection } from './docker-fault.ts'

/** Which of the matching calls are hit. */
export interface Share {
  readonly nth?: number
  readonly times?: number
}

export interface Armed<Fault> {
  readonly fault: Fault
  /** Runs when the fault is lifted, at once when it has been already. */
  onLift(release: () => void): void
}

/** The faults in force; of several that match, the oldest that is not used up hits. */
export class Injections<Call, Fault> {
  readonly #active = new Set<{ readonly try: (call: Call) => Armed<Fault> | null; readonly lift: () => void }>()

  inject(matches: (call: Call) => boolean, { nth = 1, times = 1 }: Share, fault: Fault): Injection {
    let seen = 0
    let hits = 0
    let isLifted = false
    const releases: (() => void)[] = []
    const { promise: hit, resolve: onHit } = Promise.withResolvers<void>()
    const armed: Armed<Fault> = { fault, onLift: (release) => (isLifted ? release() : void releases.push(release)) }
    const entry = {
      try: (call: Call): Armed<Fault> | null => {
        if (!matches(call)) return null
        seen += 1
        if (seen < nth || hits >= times) return null
        hits += 1
        onHit()
        return armed
      },
      lift: () => {
        isLifted = true
        this.#active.delete(entry)
        for (const release of releases.splice(0)) release()
      },
    }
    this.#active.add(entry)
    return {
      get hits() {
        return hits
      },
      hit,
      lift: entry.lift,
    }
  }

  take(call: Call): Armed<Fault> | null {
    for (const entry of this.#active) {
      const armed = entry.try(call)
      if (armed !== null) return armed
    }
    return null
  }

  liftAll(): void {
    for (const { lift } of this.#active) lift()
  }
}
