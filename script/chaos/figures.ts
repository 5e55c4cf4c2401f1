import type { Outcome } from './workers.ts'

/** What all histories of a run come to. */
export class Figures {
  readonly failed: number[] = []
  readonly #startedMs = performance.now()
  readonly #done = new Map<string, number>()
  readonly #struck = new Map<string, number>()
  readonly #effects = new Map<string, number>()
  #seeds = 0
  #steps = 0
  #lives = 0
  #virtualMs = 0

  get seeds(): number {
    return this.#seeds
  }

  add(outcome: Outcome): void {
    this.#seeds += 1
    if (outcome.kind === 'broke' || outcome.verdict.findings.length > 0) this.failed.push(outcome.seed)
    if (outcome.kind === 'broke') return
    const { done, struck, effects, steps, lives, virtualMs } = outcome.verdict
    sum(this.#done, done)
    sum(this.#struck, struck)
    sum(this.#effects, effects)
    this.#steps += steps
    this.#lives += lives
    this.#virtualMs += virtualMs
  }

  progress(of: number): string {
    return `${this.#seeds}/${of} seeds, ${this.failed.length} failed, ${(this.#elapsedMs() / this.#seeds / 1000).toFixed(2)} s a seed`
  }

  render(): string {
    const done = [...this.#done].filter(([kind]) => kind !== 'finding' && kind !== 'life')
    return [
      `seeds run        ${this.#seeds} in ${(this.#elapsedMs() / 1000).toFixed(0)} s`,
      `steps            ${this.#steps}: ${list(done)}`,
      `faults injected  ${total(this.#struck)}: ${list(this.#struck)}`,
      `effects covered  ${this.#effects.size} kinds, ${total(this.#effects)}: ${list(this.#effects)}`,
      `crashes          ${this.#lives - this.#seeds}`,
      `virtual time     ${(this.#virtualMs / 3_600_000).toFixed(0)} h`,
      `failing seeds    ${this.failed.length}`,
      ...this.failed.map((seed) => `npm run chaos -- --from ${seed} --seeds 1 --trace`),
    ].join('\n')
  }

  #elapsedMs(): number {
    return performance.now() - this.#startedMs
  }
}

function sum(into: Map<string, number>, counts: Readonly<Record<string, number>>): void {
  for (const [kind, count] of Object.entries(counts)) into.set(kind, (into.get(kind) ?? 0) + count)
}

function total(counts: ReadonlyMap<string, number>): number {
  return counts.values().reduce((all, count) => all + count, 0)
}

function list(counts: Iterable<readonly [string, number]>): string {
  return [...counts]
    .toSorted((a, b) => b[1] - a[1])
    .map(([kind, count]) => `${kind} ${count}`)
    .join(', ')
}
