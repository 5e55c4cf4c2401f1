import type { Clock } from '../clock.ts'
import { messageOf } from '../model/errors.ts'
import { withDeadline } from './deadline.ts'
import type { ProbedEngine, ProbeEngine } from './probe.ts'

export interface ProberOptions {
  readonly intervalMs: number
  /** Failures in a row that make an engine unreachable. */
  readonly failures: number
  /** Failures in a row that are told once more; 0: none are. */
  readonly restartAfter: number
  readonly timeoutMs: number
  /** What a container says has changed: ok, or failing. */
  onChange(gameId: string): void
  /** Told of every question that was answered or came to nothing, for metrics. Must not throw. */
  readonly onProbe?: ((isOk: boolean, tookMs: number) => void) | undefined
  readonly probe: ProbeEngine
  readonly clock: Clock
  /** Uniform in [0, 1). */
  readonly random: () => number
}

export interface ProbeTarget extends ProbedEngine {
  readonly containerId: string
}

export type Reading =
  | { readonly kind: 'pending'; readonly sinceMs: number }
  | { readonly kind: 'ok'; readonly containerId: string }
  | { readonly kind: 'failing'; readonly containerId: string; readonly failures: number; readonly message: string }

/** After a start: every 25 ms for 2 s, then every 200 ms until it serves for the first time (spec 4, "After start"). */
const EAGER_MS = 25
const EAGER_FOR_MS = 2_000
const STARTING_MS = 200
const STARTING_FOR_MS = 60_000

interface Watch {
  readonly target: ProbeTarget
  readonly sinceMs: number
  reading: Reading
  failures: number
  /** Calls off the next question. */
  cancel: () => void
  readonly abort: AbortController
}

/**
 * Asks each watched engine, one question at a time.
 *
 * *pending* → ok at the first answer → failing after `failures` misses in a row → ok at the next answer. An engine that has
 * never answered stays pending: how long it may take to start is the planner's to say.
 */
export class Prober {
  readonly #options: ProberOptions
  readonly #watches = new Map<string, Watch>()

  constructor(options: ProberOptions) {
    this.#options = options
  }

  get size(): number {
    return this.#watches.size
  }

  reading(gameId: string, containerId: string): Reading {
    const watch = this.#watches.get(gameId)
    return watch?.target.containerId === containerId ? watch.reading : { kind: 'pending', sinceMs: this.#options.clock.nowMs() }
  }

  /** Asks this container from now on, and no other of the game; null asks none. */
  watch(gameId: string, target: ProbeTarget | null): void {
    const known = this.#watches.get(gameId)
    if (known !== undefined && target !== null && isSameTarget(known.target, target)) return
    if (known !== undefined) this.#drop(gameId, known)
    if (target === null) return
    const sinceMs = this.#options.clock.nowMs()
    const watch: Watch = {
      target,
      sinceMs,
      reading: { kind: 'pending', sinceMs },
      failures: 0,
      cancel: () => {},
      abort: new AbortController(),
    }
    this.#watches.set(gameId, watch)
    void this.#ask(gameId, watch)
  }

  stop(): void {
    for (const [gameId, watch] of this.#watches) this.#drop(gameId, watch)
  }

  #drop(gameId: string, watch: Watch): void {
    watch.cancel()
    watch.abort.abort()
    this.#watches.delete(gameId)
  }

  async #ask(gameId: string, watch: Watch): Promise<void> {
    const before = watch.reading.kind
    const startedMs = performance.now()
    try {
      const { timeoutMs, clock, probe } = this.#options
      await withDeadline(timeoutMs, watch.abort.signal, (signal) => probe(watch.target, signal), clock)
      watch.failures = 0
      watch.reading = { kind: 'ok', containerId: watch.target.containerId }
    } catch (error) {
      watch.failures += 1
      if (before !== 'pending' && watch.failures >= this.#options.failures) {
        watch.reading = {
          kind: 'failing',
          containerId: watch.target.containerId,
          failures: watch.failures,
          message: `${watch.failures} probes in a row failed: ${messageOf(error)}`,
        }
      }
    }
    if (watch.abort.signal.aborted) return
    this.#options.onProbe?.(watch.failures === 0, performance.now() - startedMs)
    watch.cancel = this.#options.clock.after(this.#delayMs(watch, before), () => void this.#ask(gameId, watch))
    const isTold = watch.failures > 0 && watch.failures === this.#options.restartAfter
    if (watch.reading.kind !== before || isTold) this.#options.onChange(gameId)
  }

  #delayMs({ reading, sinceMs }: Watch, before: Reading['kind']): number {
    const { intervalMs, clock, random } = this.#options
    if (reading.kind === 'pending') {
      const askedForMs = clock.nowMs() - sinceMs
      // Negative where the clock was set back: then eagerness would last as long as that.
      if (askedForMs >= 0 && askedForMs < EAGER_FOR_MS) return EAGER_MS
      return askedForMs < STARTING_FOR_MS ? STARTING_MS : intervalMs
    }
    // The first regular question comes anywhere within an interval, so that games started together are not asked together.
    return before === 'pending' ? random() * intervalMs : intervalMs
  }
}

function isSameTarget(a: ProbeTarget, b: ProbeTarget): boolean {
  return a.containerId === b.containerId && a.address === b.address && JSON.stringify(a.probe) === JSON.stringify(b.probe)
}
