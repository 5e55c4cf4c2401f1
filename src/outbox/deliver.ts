import type { Kysely } from 'kysely'
import { followChannel } from '../database/follow-channel.ts'
import type { Database } from '../database/tables.ts'
import { backoffDelayMs } from '../model/backoff.ts'
import { pause } from '../pause.ts'
import type { OutboxEvent } from './event.ts'
import { markSent, OUTBOX_CHANNEL, type Outcome, readDue, type Sent } from './rows.ts'
import { type Answer, createSender, type Receiver, type Sender } from './send.ts'

export interface DeliverOptions {
  /** Two connections are enough. */
  readonly db: Kysely<Database>
  /** Where to LISTEN; one connection, never through a transaction pooler. */
  readonly url: string
  readonly webhook: Webhook
  /** Longest a lost notification can stay unnoticed, in ms. */
  readonly pollMs: number
  /** Epoch milliseconds; for the signature's time alone. Everything else goes by the database's clock. */
  readonly nowMs: () => number
  /** Uniform in [0, 1). */
  readonly random: () => number
  /** Told of every attempt, before it is written; for log and metrics. Must not throw. */
  onAttempt(attempt: Attempt): void
  /** The database, or the connection that listens; tried again anyway, for the log. */
  onFault(error: unknown): void
  /** Ends everything at once: requests under way are cut off, and sent again by whoever goes on. */
  readonly signal: AbortSignal
}

export interface Webhook extends Receiver {
  /** After so many failed attempts an event is given up. */
  readonly maxAttempts: number
}

export interface Attempt {
  readonly gameId: string
  readonly eventId: string
  readonly type: string
  /** From 1. */
  readonly attempt: number
  readonly outcome: Outcome
  readonly durationMs: number
}

export interface Delivery {
  /** Begins no more requests, lets those under way come to their end for a second, and writes what became of them. */
  stop(): Promise<void>
}

/**
 * Sends the outbox to a webhook: at least once, and in order per game (spec 4, "Notifications and outbox"). For the lease
 * holder alone: two of them would send everything twice.
 */
export function deliverOutbox(options: DeliverOptions): Delivery {
  return new Deliverer(options)
}

const MAX_IN_FLIGHT = 16
/** Read ahead, at most one event per game. */
const MAX_READY = 128
/** A look costs an index probe per game with something waiting: notifications that come in masses share one. */
const LOOK_GAP_MS = 25
const LOOK_SHARE = 5
const DRAIN_MS = 1_000
const FIRST_PAUSE_MS = 100
const MAX_PAUSE_MS = 5_000

/**
 * One loop has all the SQL, a statement at a time: it writes what was answered, looks for what is due, and begins requests.
 *
 * A game is *idle* → (found due, or next after one that is through) *ready* → (a slot is free) *in flight* → (answered) *sent* →
 * (written) idle or ready again. Only idle games are looked for, so one event per game is on its way at most. A look that
 * passes over a game which is on its way misses nothing: the write that ends this reads the game's next event itself.
 */
class Deliverer implements Delivery {
  readonly #options: DeliverOptions
  readonly #sender: Sender
  readonly #halt = new AbortController()
  readonly #abort = new AbortController()
  readonly #ended: Promise<unknown>
  /** Games that are not idle. */
  readonly #busy = new Set<string>()
  readonly #inFlight = new Set<Promise<void>>()
  #ready: OutboxEvent[] = []
  #sent: Sent[] = []
  #wake = Promise.withResolvers<void>()
  /** By `performance.now()`. */
  #lookAtMs = 0
  #mayLookAtMs = 0
  /** A look was put off because enough is read ahead. */
  #isFull = false

  constructor(options: DeliverOptions) {
    this.#options = options
    this.#sender = createSender(options.webhook, options.nowMs)
    this.#halt.signal.addEventListener('abort', () => this.#wake.resolve())
    options.signal.addEventListener('abort', this.#onAbort, { once: true })
    if (options.signal.aborted) this.#onAbort()
    const listening = followChannel({
      channel: OUTBOX_CHANNEL,
      applicationName: 'galaxy-outbox',
      url: options.url,
      checkMs: options.pollMs,
      onWritten: () => this.#lookSoon(),
      onFault: (error) => options.onFault(error),
      signal: this.#halt.signal,
    })
    this.#ended = Promise.all([this.#work(), listening]).then(() => this.#sender.close())
  }

  async stop(): Promise<void> {
    this.#halt.abort()
    await Promise.race([this.#ended, pause(DRAIN_MS, this.#abort.signal)])
    this.#onAbort()
    await this.#ended
  }

  readonly #onAbort = (): void => {
    this.#options.signal.removeEventListener('abort', this.#onAbort)
    this.#halt.abort()
    this.#abort.abort()
  }

  get #isStopping(): boolean {
    return this.#halt.signal.aborted
  }

  async #work(): Promise<void> {
    for (let failures = 0; !this.#isStopping || this.#inFlight.size > 0 || this.#sent.length > 0; ) {
      await this.#rest()
      try {
        await this.#mark()
        await this.#look()
        failures = 0
      } catch (error) {
        failures += 1
        this.#options.onFault(error)
        // What could not be written is sent again.
        if (this.#isStopping) break
        await pause(Math.min(FIRST_PAUSE_MS * 2 ** failures, MAX_PAUSE_MS), this.#halt.signal)
        this.#wake.resolve()
        continue
      }
      this.#launch()
    }
    await Promise.all(this.#inFlight)
  }

  /** Until something is sent or written, it is time to look, or the end begins. */
  async #rest(): Promise<void> {
    const timer = this.#isStopping ? undefined : setTimeout(() => this.#wake.resolve(), Math.max(0, this.#lookAtMs - performance.now()))
    await this.#wake.promise
    clearTimeout(timer)
    this.#wake = Promise.withResolvers()
  }

  async #mark(): Promise<void> {
    const sent = this.#sent.slice()
    if (sent.length === 0) return
    const next = await markSent(this.#options.db, sent)
    this.#sent = this.#sent.slice(sent.length)
    for (const { event, outcome } of sent) {
      this.#busy.delete(event.gameId)
      if (outcome.kind === 'retry') this.#lookBy(performance.now() + outcome.delayMs)
    }
    this.#add(next)
  }

  async #look(): Promise<void> {
    const startedMs = performance.now()
    if (this.#isStopping || startedMs < this.#lookAtMs) return
    const { pollMs, db } = this.#options
    this.#isFull = this.#ready.length > MAX_READY / 2
    if (this.#isFull) {
      this.#lookAtMs = startedMs + pollMs
      return
    }
    // Set before: what is written while this look is under way asks for another one.
    this.#mayLookAtMs = startedMs
    this.#lookAtMs = startedMs + pollMs
    try {
      const { events, hasMore, nextInMs } = await readDue(db, [...this.#busy], MAX_READY - this.#ready.length)
      this.#add(events)
      const endedMs = performance.now()
      this.#mayLookAtMs = endedMs + Math.max(LOOK_GAP_MS, (LOOK_SHARE - 1) * (endedMs - startedMs))
      if (nextInMs !== null) this.#lookBy(endedMs + nextInMs)
      if (hasMore) this.#lookSoon()
      this.#lookAtMs = Math.max(this.#lookAtMs, this.#mayLookAtMs)
    } catch (error) {
      this.#lookAtMs = startedMs
      throw error
    }
  }

  #add(events: readonly OutboxEvent[]): void {
    for (const event of events) this.#busy.add(event.gameId)
    this.#ready.push(...events)
  }

  #lookSoon(): void {
    this.#lookBy(performance.now())
  }

  #lookBy(atMs: number): void {
    const lookAtMs = Math.max(atMs, this.#mayLookAtMs)
    if (lookAtMs >= this.#lookAtMs) return
    this.#lookAtMs = lookAtMs
    this.#wake.resolve()
  }

  #launch(): void {
    if (this.#isStopping) return
    const events = this.#ready.splice(0, MAX_IN_FLIGHT - this.#inFlight.size)
    if (this.#isFull && this.#ready.length <= MAX_READY / 2) this.#lookSoon()
    for (const event of events) {
      const sending = this.#send(event).finally(() => {
        this.#inFlight.delete(sending)
        this.#wake.resolve()
      })
      this.#inFlight.add(sending)
    }
  }

  async #send(event: OutboxEvent): Promise<void> {
    const startedMs = performance.now()
    const answer = await this.#sender.send(event, this.#abort.signal)
    // Cut off by us: nobody knows what the receiver did, and no failure of its is to be counted.
    if (answer.kind === 'refused' && this.#abort.signal.aborted) return
    const attempt = event.attempts + 1
    const outcome = outcomeOf(answer, attempt, this.#options)
    this.#sent.push({ event, attempt, outcome })
    const { gameId, eventId, type } = event
    this.#options.onAttempt({ gameId, eventId, type, attempt, outcome, durationMs: performance.now() - startedMs })
  }
}

function outcomeOf(answer: Answer, attempt: number, { webhook, random }: DeliverOptions): Outcome {
  if (answer.kind === 'acknowledged') return { kind: 'delivered' }
  if (answer.isFinal || attempt >= webhook.maxAttempts) return { kind: 'dead', error: answer.error }
  return { kind: 'retry', error: answer.error, delayMs: backoffDelayMs(attempt, random()) }
}
