/** A stretch of time in which the zone's clock runs without a change: wall clock = instant + offset. */
export interface Span {
  readonly startMs: number
  /** Exclusive. */
  readonly endMs: number
  readonly offsetMs: number
}

/**
 * The offsets of one time zone, read from the time zone database of the runtime and kept for the times that were asked about.
 *
 * Node 24 has no Temporal, which would tell transitions directly: here one is found by comparing the offsets at both ends of
 * a stretch and bisecting those that differ.
 */
export class Zone {
  readonly #format: Intl.DateTimeFormat
  readonly #stretches = new Map<number, readonly Span[]>()

  /** @throws {RangeError} for a name that the runtime does not know. */
  constructor(name: string) {
    this.#format = new Intl.DateTimeFormat('en', { timeZone: name, timeZoneName: 'longOffset' })
  }

  /**
   * Ascending and without a gap between them; the first holds `fromMs`, the last `toMs`. Neighbours may share their offset.
   *
   * @throws {RangeError} for times that no Date can hold.
   */
  spans(fromMs: number, toMs: number): readonly Span[] {
    if (Number.isNaN(fromMs + toMs)) throw new RangeError('a time is not a number')
    const last = Math.floor(toMs / STRETCH_MS)
    const spans: Span[] = []
    for (let stretch = Math.floor(fromMs / STRETCH_MS); stretch <= last; stretch += 1) {
      for (const span of this.#stretch(stretch)) if (span.endMs > fromMs && span.startMs <= toMs) spans.push(span)
    }
    return spans
  }

  #stretch(index: number): readonly Span[] {
    const known = this.#stretches.get(index)
    if (known !== undefined) return known
    if (this.#stretches.size >= MAX_STRETCHES) this.#stretches.clear()
    const spans = this.#split(index * STRETCH_MS, (index + 1) * STRETCH_MS)
    this.#stretches.set(index, spans)
    return spans
  }

  #split(startMs: number, endMs: number): readonly Span[] {
    const before = this.#offsetMs(startMs)
    const after = this.#offsetMs(endMs)
    if (before === after) return [{ startMs, endMs, offsetMs: before }]
    const transitionMs = this.#transitionMs(startMs, endMs, before)
    const spans = [
      { startMs, endMs: transitionMs, offsetMs: before },
      { startMs: transitionMs, endMs, offsetMs: after },
    ]
    // A transition at the very end of a stretch leaves nothing behind it.
    return spans.filter((span) => span.startMs < span.endMs)
  }

  /** Transitions happen at whole seconds. */
  #transitionMs(startMs: number, endMs: number, before: number): number {
    let low = startMs
    let high = endMs
    while (high - low > SECOND_MS) {
      const middle = low + Math.floor((high - low) / 2 / SECOND_MS) * SECOND_MS
      if (this.#offsetMs(middle) === before) low = middle
      else high = middle
    }
    return high
  }

  #offsetMs(atMs: number): number {
    const match = /GMT(?:([+-])(\d\d):(\d\d)(?::(\d\d))?)?$/.exec(this.#format.format(atMs))
    if (match === null) throw new RangeError(`no offset in ${this.#format.format(atMs)}`)
    const [, sign, hours = '0', minutes = '0', seconds = '0'] = match
    const size = (Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds)) * SECOND_MS
    return sign === '-' ? -size : size
  }
}

const SECOND_MS = 1000
/** Holds one transition at most: since 1970 the database knows no two that are nearer than 6.9 days. */
const STRETCH_MS = 4 * 86_400_000
/** About three years. */
const MAX_STRETCHES = 256
