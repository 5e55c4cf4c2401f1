/** How many requests are let through: so many at once, and in the long run so many per second. */
export interface Rate {
  readonly perSecond: number
  readonly burst: number
}

/** What is left to one key, at the time it was last asked. */
interface Bucket {
  readonly left: number
  readonly atMs: number
}

const MAX_KEYS = 10_000

/**
 * A token bucket for each key. Of more than 10 000 keys those asked for longest ago are forgotten, which fills their buckets.
 *
 * @param nowMs a clock that is never set back
 */
export class RateLimit {
  readonly #rate: Rate
  readonly #nowMs: () => number
  /** In the order in which they were last asked for. */
  readonly #buckets = new Map<string, Bucket>()

  constructor(rate: Rate, nowMs: () => number = () => performance.now()) {
    this.#rate = rate
    this.#nowMs = nowMs
  }

  /** Lets one request of the key through. @returns 0, or, when it is one too many, in how many milliseconds there is room again */
  take(key: string): number {
    const left = this.#leftFor(key)
    const isAllowed = left >= 1
    this.#remember(key, { left: isAllowed ? left - 1 : left, atMs: this.#nowMs() })
    return isAllowed ? 0 : Math.ceil(((1 - left) / this.#rate.perSecond) * 1_000)
  }

  has(key: string): boolean {
    return this.#buckets.has(key)
  }

  forget(key: string): void {
    this.#buckets.delete(key)
  }

  #leftFor(key: string): number {
    const { perSecond, burst } = this.#rate
    const bucket = this.#buckets.get(key)
    return bucket === undefined ? burst : Math.min(burst, bucket.left + ((this.#nowMs() - bucket.atMs) / 1_000) * perSecond)
  }

  #remember(key: string, bucket: Bucket): void {
    this.#buckets.delete(key)
    this.#buckets.set(key, bucket)
    if (this.#buckets.size <= MAX_KEYS) return
    const [oldest] = this.#buckets.keys()
    if (oldest !== undefined) this.#buckets.delete(oldest)
  }
}
