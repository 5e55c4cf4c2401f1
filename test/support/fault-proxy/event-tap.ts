import type { IncomingMessage, ServerResponse } from 'node:http'
import { createInterface } from 'node:readline'

/** What goes wrong with event streams while it is in force. */
export type StreamFault =
  /** Open, and never a word. */
  | { readonly kind: 'silence' }
  /** Every event so often. */
  | { readonly kind: 'repeat'; readonly times: number }
  /** Only one of so many: Docker drops events for a consumer that does not keep up. */
  | { readonly kind: 'thin_out'; readonly keepOneOf: number }
  /** Held for so long, then told in reverse. */
  | { readonly kind: 'reverse'; readonly windowMs: number }

/** One event that the daemon told, whether it was passed on or not. */
export interface ToldEvent {
  readonly type: string
  readonly action: string
  readonly id: string
  readonly isPassedOn: boolean
}

/** The event streams that go through a proxy. */
export interface EventTap {
  readonly told: readonly ToldEvent[]
  /** Streams that are open now. */
  readonly openCount: number
  /** Breaks all that are open. */
  cut(): void
  /** Until the returned function is called. */
  disturb(fault: StreamFault): () => void
  /** Tells everything again that was ever passed on, to those who listen for its like. */
  replay(): void
}

interface Stream {
  readonly filters: string
  readonly response: ServerResponse
}

export class EventStreams implements EventTap {
  readonly #told: (ToldEvent & { readonly line: string; readonly filters: string })[] = []
  readonly #open = new Set<Stream>()
  #fault: StreamFault | null = null
  #count = 0

  get told(): readonly ToldEvent[] {
    return this.#told
  }

  get openCount(): number {
    return this.#open.size
  }

  cut(): void {
    for (const { response } of this.#open) response.destroy()
    this.#open.clear()
  }

  disturb(fault: StreamFault): () => void {
    this.#fault = fault
    return () => {
      if (this.#fault === fault) this.#fault = null
    }
  }

  replay(): void {
    const past = this.#told.filter(({ isPassedOn }) => isPassedOn)
    for (const { filters, response } of this.#open) {
      for (const { line } of past.filter((event) => event.filters === filters)) response.write(line)
    }
  }

  /** Passes one answer of the daemon on, line by line. */
  pass(filters: string, daemon: IncomingMessage, response: ServerResponse): void {
    const stream = { filters, response }
    this.#open.add(stream)
    const tellLate = backwards(response)
    createInterface({ input: daemon }).on('line', (text) => {
      const line = `${text}\n`
      const copies = this.#copies()
      if (this.#fault?.kind === 'reverse') tellLate(line, this.#fault.windowMs)
      else for (let copy = 0; copy < copies; copy += 1) response.write(line)
      this.#note(text, filters, copies > 0)
    })
    const end = () => {
      this.#open.delete(stream)
      daemon.destroy()
      response.destroy()
    }
    daemon.on('close', end).on('error', end)
    response.on('close', end)
  }

  #copies(): number {
    switch (this.#fault?.kind) {
      case 'silence':
        return 0
      case 'repeat':
        return this.#fault.times
      case 'thin_out':
        this.#count += 1
        return this.#count % this.#fault.keepOneOf === 0 ? 1 : 0
      case 'reverse':
      case undefined:
        return 1
    }
  }

  #note(text: string, filters: string, isPassedOn: boolean): void {
    const { Type: type, Action: action, Actor } = JSON.parse(text) as EngineEvent
    this.#told.push({ type, action, id: Actor.ID, isPassedOn, line: `${text}\n`, filters })
  }
}

/** As the Engine API has it. */
export interface EngineEvent {
  readonly Type: string
  readonly Action: string
  readonly Actor: { readonly ID: string }
  /** By the daemon's clock, since the epoch. */
  readonly timeNano: number
}

function backwards(response: ServerResponse): (line: string, windowMs: number) => void {
  const held: string[] = []
  return (line, windowMs) => {
    held.push(line)
    if (held.length > 1) return
    setTimeout(() => {
      for (const each of held.splice(0).toReversed()) response.write(each)
    }, windowMs)
  }
}
