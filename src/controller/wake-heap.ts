interface Wake {
  readonly key: string
  readonly atMs: number
}

/**
 * When each key wants to be looked at again: one binary heap for all of them, at most one due time per key.
 * A replaced or cancelled entry stays in the heap until it surfaces, and is then dropped.
 */
export class WakeHeap {
  readonly #heap: Wake[] = []
  readonly #due = new Map<string, number>()

  get size(): number {
    return this.#due.size
  }

  /** Replaces the key's due time; null cancels it. */
  set(key: string, atMs: number | null): void {
    if (atMs === null) {
      this.#due.delete(key)
    } else if (this.#due.get(key) !== atMs) {
      this.#due.set(key, atMs)
      this.#push({ key, atMs })
    }
    if (this.#heap.length > 64 && this.#heap.length > 4 * this.#due.size) this.#rebuild()
  }

  /** The earliest due time, or null when nothing waits. */
  nextMs(): number | null {
    this.#dropReplaced()
    return this.#heap[0]?.atMs ?? null
  }

  /** Removes and returns every key due at `nowMs`, earliest first. */
  takeDue(nowMs: number): readonly string[] {
    const keys: string[] = []
    for (;;) {
      this.#dropReplaced()
      const first = this.#heap[0]
      if (first === undefined || first.atMs > nowMs) return keys
      this.#pop()
      this.#due.delete(first.key)
      keys.push(first.key)
    }
  }

  #dropReplaced(): void {
    for (let first = this.#heap[0]; first !== undefined && this.#due.get(first.key) !== first.atMs; first = this.#heap[0]) this.#pop()
  }

  #rebuild(): void {
    this.#heap.length = 0
    for (const [key, atMs] of this.#due) this.#push({ key, atMs })
  }

  #push(wake: Wake): void {
    this.#heap.push(wake)
    let child = this.#heap.length - 1
    while (child > 0) {
      const parent = (child - 1) >> 1
      if (this.#at(parent) <= this.#at(child)) return
      this.#swap(parent, child)
      child = parent
    }
  }

  #pop(): void {
    const last = this.#heap.pop()
    if (last === undefined || this.#heap.length === 0) return
    this.#heap[0] = last
    for (let parent = 0; ; ) {
      const left = 2 * parent + 1
      const smaller = this.#at(left + 1) < this.#at(left) ? left + 1 : left
      if (this.#at(smaller) >= this.#at(parent)) return
      this.#swap(parent, smaller)
      parent = smaller
    }
  }

  #at(index: number): number {
    return this.#heap[index]?.atMs ?? Number.POSITIVE_INFINITY
  }

  #swap(a: number, b: number): void {
    const [first, second] = [this.#heap[a], this.#heap[b]]
    if (first === undefined || second === undefined) return
    this.#heap[a] = second
    this.#heap[b] = first
  }
}
