import type { Process, Step } from './calls/process.ts'
import type { Clock } from './clock.ts'
import type { Effect } from './world/effect.ts'
import type { Origin } from './world/history.ts'

/** What becomes of one process. Exactly one of `end` and `fail` is called, unless it is abandoned first. */
export interface Owner<T> {
  readonly origin: Origin
  /** Time need not be waited for where somebody waits for this. */
  readonly isAwaited: boolean
  tell(line: unknown): void
  end(value: T): void
  fail(error: unknown): void
}

interface Running {
  readonly process: Process<unknown>
  readonly owner: Owner<unknown>
  /** Takes back what would wake it. */
  sleepless: () => void
  isHung: boolean
}

export interface RunnerOptions {
  readonly clock: Clock
  readonly apply: (effect: Effect, origin: Origin) => void
  /** Owner of what a process spawns. */
  readonly spawned: (origin: Origin) => Owner<void>
}

/**
 * Runs processes one step at a time, never two at once. A process runs until it waits; then those go on that its effects woke, in the order they were woken.
 */
export class Runner {
  readonly #options: RunnerOptions
  readonly #all = new Set<Running>()
  readonly #ready: Running[] = []
  readonly #watchers = new Map<string, Set<Running>>()
  #isBusy = false

  constructor(options: RunnerOptions) {
    this.#options = options
  }

  run<T>(process: Process<T>, owner: Owner<T>): void {
    const running: Running = { process, owner, sleepless: () => undefined, isHung: false }
    this.#all.add(running)
    this.#ready.push(running)
    this.#drain()
  }

  /** Gives up all processes that fit; their owners hear nothing. */
  abandon(fits: (origin: Origin) => boolean): void {
    for (const running of this.#all) {
      if (!fits(running.owner.origin)) continue
      running.sleepless()
      this.#all.delete(running)
    }
  }

  /** Whether somebody waits for time to pass. */
  get isAwaited(): boolean {
    return this.#all.values().some(({ owner, isHung }) => owner.isAwaited && !isHung)
  }

  /** Wakes what waits for a container. Called for every effect on one. */
  wake(containerId: string): void {
    for (const running of this.#watchers.get(containerId) ?? []) {
      running.sleepless()
      this.#ready.push(running)
    }
  }

  #drain(): void {
    if (this.#isBusy) return
    this.#isBusy = true
    try {
      for (let next = this.#ready.shift(); next !== undefined; next = this.#ready.shift()) if (this.#all.has(next)) this.#go(next)
    } finally {
      this.#isBusy = false
    }
  }

  #go(running: Running): void {
    const { process, owner } = running
    try {
      for (;;) {
        const next = process.next()
        if (!this.#all.has(running)) return
        if (next.done === true) return this.#finish(running, () => owner.end(next.value))
        if (this.#make(running, next.value) === 'waits') return
      }
    } catch (error) {
      this.#finish(running, () => owner.fail(error))
    }
  }

  #finish(running: Running, tell: () => void): void {
    this.#all.delete(running)
    tell()
  }

  #make(running: Running, step: Step): 'goes_on' | 'waits' {
    const { owner } = running
    switch (step.kind) {
      case 'effects':
        for (const effect of step.effects) this.#options.apply(effect, owner.origin)
        return 'goes_on'
      case 'tell':
        owner.tell(step.line)
        return 'goes_on'
      case 'spawn':
        this.run(step.process, this.#options.spawned(owner.origin))
        return 'goes_on'
      case 'hang':
        running.isHung = true
        return 'waits'
      case 'sleep':
        this.#wait(running, step.ms, null)
        return 'waits'
      case 'watch':
        this.#wait(running, step.ms, step.id)
        return 'waits'
    }
  }

  #wait(running: Running, ms: number | null, containerId: string | null): void {
    const wake = () => {
      running.sleepless()
      this.#ready.push(running)
      this.#drain()
    }
    const cancel = ms === null ? () => undefined : this.#options.clock.after(ms, wake)
    const watchers = containerId === null ? null : this.#watchersOf(containerId)
    watchers?.add(running)
    running.sleepless = () => {
      cancel()
      watchers?.delete(running)
      if (containerId !== null && watchers?.size === 0) this.#watchers.delete(containerId)
      running.sleepless = () => undefined
    }
  }

  #watchersOf(containerId: string): Set<Running> {
    const watchers = this.#watchers.get(containerId) ?? new Set<Running>()
    this.#watchers.set(containerId, watchers)
    return watchers
  }
}
