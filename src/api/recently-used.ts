interface Held<Value> {
  readonly value: Value
  readonly bytes: number
}

/**
 * Values that were made or asked for lately, of so many bytes together at most. Those of which one half is full are held on to until the other half is
 * full too; then what was not asked for meanwhile goes. So asking costs a look-up, where an exact order would cost a change.
 */
export class RecentlyUsed<Value> {
  readonly #halfBytes: number
  #young = new Map<string, Held<Value>>()
  #youngBytes = 0
  #old: ReadonlyMap<string, Held<Value>> = new Map()

  constructor(maxBytes: number) {
    this.#halfBytes = maxBytes / 2
  }

  get(key: string): Value | undefined {
    const young = this.#young.get(key)
    if (young !== undefined) return young.value
    const old = this.#old.get(key)
    if (old !== undefined) this.#hold(key, old)
    return old?.value
  }

  set(key: string, value: Value, bytes: number): void {
    this.#hold(key, { value, bytes })
  }

  #hold(key: string, held: Held<Value>): void {
    const bytes = this.#youngBytes - (this.#young.get(key)?.bytes ?? 0) + held.bytes
    if (bytes > this.#halfBytes) {
      this.#old = this.#young
      this.#young = new Map()
    }
    this.#youngBytes = bytes > this.#halfBytes ? held.bytes : bytes
    this.#young.set(key, held)
  }
}
