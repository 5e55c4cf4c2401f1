import type { Filters } from '../calls/filters.ts'
import type { ToldEvent } from './event.ts'
import { isWanted } from './filter.ts'

/** How many events a Docker daemon remembers for those who ask for the past. */
const REMEMBERED = 256

export interface EventStream {
  readonly filters: Filters
  /** Told from there on, as far as it is remembered; null for what comes from now on. */
  readonly sinceNs: bigint | null
  send(line: string): void
  end(): void
}

/** The daemon's events: the newest ones in memory, all to those who follow. */
export class EventLog {
  #remembered: ToldEvent[] = []
  readonly #streams = new Set<EventStream>()

  push(event: ToldEvent): void {
    this.#remembered.push(event)
    if (this.#remembered.length > REMEMBERED) this.#remembered.shift()
    for (const stream of this.#streams) if (isWanted(event, stream.filters)) stream.send(event.line)
  }

  /** Tells the past that was asked for and then follows. @returns leaves off */
  follow(stream: EventStream): () => void {
    const { sinceNs } = stream
    const past = sinceNs === null ? [] : this.#remembered.filter((event) => event.atNs >= sinceNs && isWanted(event, stream.filters))
    for (const { line } of past) stream.send(line)
    this.#streams.add(stream)
    return () => void this.#streams.delete(stream)
  }

  /** Ends all streams, well as far as HTTP can tell. */
  cut(): void {
    for (const stream of this.#streams) stream.end()
    this.#streams.clear()
  }

  /** What a daemon remembers does not outlive it. */
  forget(): void {
    this.#remembered = []
  }

  get streams(): number {
    return this.#streams.size
  }
}
