import type { ImageFacts } from '../model/image.ts'
import type { ObservedContainer, ObservedGame, Outage } from '../model/observed.ts'
import type { ContainerEvent, ContainerList, HostEvent } from '../model/runtime-event.ts'
import { ContainerCache } from './cache.ts'

/** What the world is read from. */
export interface WorldSource {
  listContainers(signal: AbortSignal): Promise<ContainerList>
  listImages(signal: AbortSignal): Promise<readonly ImageFacts[]>
  networkExists(name: string, signal: AbortSignal): Promise<boolean>
  inspect(id: string, signal: AbortSignal): Promise<ObservedContainer | null>
  /** Resolves once the stream is open; `onEnd` is called exactly once when it has ended, for whatever reason. */
  openEvents(options: EventStreamOptions): Promise<void>
}

export interface EventStreamOptions {
  onEvent(event: ContainerEvent | HostEvent): void
  onEnd(error: unknown): void
  readonly signal: AbortSignal
}

export interface WorldOptions {
  readonly source: WorldSource
  readonly network: string
  /** Silence of the stream after which the list is asked, in case the stream is dead. */
  readonly watchdogMs: number
  /** False runs on lists alone, every `watchdogMs`. */
  readonly useEvents: boolean
  /** Games about which something new is known. */
  onChange(gameIds: Iterable<string>): void
  /** The list could, or could no longer, be read. */
  onReachable(isReachable: boolean, error: unknown): void
  readonly nowMs: () => number
  readonly signal: AbortSignal
}

const FIRST_RETRY_MS = 100
const MAX_RETRY_MS = 5_000

/**
 * The observed side: one list gives the world, the event stream keeps it fresh, and a list follows every reconnect and every
 * silence (spec 3, "Observed side").
 *
 * States: *unreachable* → (stream open, then list) → *known* → (stream ends, or a list fails) → *unreachable*. The stream is
 * opened before the list, so nothing that happens between the two is missed.
 */
export class World {
  readonly #options: WorldOptions
  readonly #cache = new ContainerCache()
  #otherDeployments: readonly ObservedContainer[] = []
  #images: readonly ImageFacts[] = []
  #isNetworkPresent = false
  #isKnown = false
  #knownAtMs = 0
  #outage: Outage | null = null
  #lastHeardMs = 0
  #ended: Promise<void> | null = null
  #disconnect: (error: unknown) => void = () => {}
  #listing: Promise<ReadonlySet<string>> | null = null

  constructor(options: WorldOptions) {
    this.#options = options
  }

  /** Runs until the signal aborts. */
  start(): void {
    this.#ended = this.#run()
  }

  async stopped(): Promise<void> {
    await this.#ended
  }

  get isKnown(): boolean {
    return this.#isKnown
  }

  get containerCount(): number {
    return this.#cache.size
  }

  get otherDeployments(): readonly ObservedContainer[] {
    return this.#otherDeployments
  }

  get isNetworkPresent(): boolean {
    return this.#isNetworkPresent
  }

  games(): Iterable<string> {
    return this.#cache.games()
  }

  game(gameId: string): ObservedGame {
    return {
      isKnown: this.#isKnown,
      containers: this.#cache.of(gameId),
      foreignDeployments: this.#otherDeployments.filter((container) => container.gameId === gameId),
      outage: this.#outage,
    }
  }

  /** Inspects what events have made stale, and what `needsDetail` asks for, of one game; by id, nothing else. */
  async refresh(gameId: string, needsDetail: (container: ObservedContainer) => boolean, signal: AbortSignal): Promise<void> {
    const wanted = this.#cache.of(gameId).filter((container) => container.detail === null && needsDetail(container))
    const ids = new Set([...this.#cache.staleIds(gameId), ...wanted.map((container) => container.id)])
    for (const id of ids) {
      const heard = this.#cache.heardOf(id)
      this.#cache.refresh(id, await this.#options.source.inspect(id, signal), heard)
    }
  }

  learn(container: ObservedContainer): void {
    this.#cache.learn(container)
  }

  forget(id: string): void {
    this.#cache.forget(id)
  }

  /** Facts of an image by reference or id; null when the host does not have it. */
  image(ref: string): ImageFacts | null {
    return this.#images.find((image) => image.id === ref || image.refs.includes(ref)) ?? null
  }

  learnImage(facts: ImageFacts): void {
    this.#images = [...this.#images.filter((image) => image.id !== facts.id).map((image) => withoutRefs(image, facts.refs)), facts]
  }

  async readImages(signal: AbortSignal): Promise<void> {
    this.#images = await this.#options.source.listImages(signal)
  }

  setNetworkPresent(isPresent: boolean): void {
    this.#isNetworkPresent = isPresent
  }

  /** Lists once and returns the games that differ from what was known; a list under way is shared. */
  relist(): Promise<ReadonlySet<string>> {
    this.#listing ??= this.#list().finally(() => {
      this.#listing = null
    })
    return this.#listing
  }

  async #list(): Promise<ReadonlySet<string>> {
    this.#cache.listBegins()
    const list = await this.#options.source.listContainers(this.#options.signal)
    this.#otherDeployments = list.otherDeployments
    const changed = this.#cache.listEnds(list)
    this.#knownAtMs = this.#options.nowMs()
    return changed
  }

  async #run(): Promise<void> {
    const { signal } = this.#options
    for (let retryMs = FIRST_RETRY_MS; !signal.aborted; ) {
      try {
        await this.#follow(() => {
          retryMs = FIRST_RETRY_MS
        })
      } catch (error) {
        if (signal.aborted) return
        this.#lost(error)
      }
      await sleep(retryMs, signal)
      retryMs = Math.min(retryMs * 2, MAX_RETRY_MS)
    }
  }

  /** One connection: open the stream, list, then listen until it ends. Throws when it cannot be had. */
  async #follow(onKnown: () => void): Promise<void> {
    const connection = new AbortController()
    const signal = AbortSignal.any([connection.signal, this.#options.signal])
    try {
      const ended = Promise.withResolvers<void>()
      this.#disconnect = ended.reject
      if (this.#options.useEvents) {
        await this.#options.source.openEvents({ signal, onEvent: (event) => this.#hear(event), onEnd: (error) => ended.reject(streamEnded(error)) })
      }
      ended.promise.catch(() => {}) // awaited below; a list may fail first
      await this.#learnAll(signal)
      onKnown()
      await Promise.race([ended.promise, this.#watch(signal)])
    } finally {
      connection.abort()
    }
  }

  async #learnAll(signal: AbortSignal): Promise<void> {
    const { source, network, onReachable } = this.#options
    const [images, isNetworkPresent] = await Promise.all([source.listImages(signal), source.networkExists(network, signal)])
    this.#images = images
    this.#isNetworkPresent = isNetworkPresent
    await this.relist()
    this.#lastHeardMs = this.#options.nowMs()
    if (!this.#isKnown && this.#outage !== null) this.#outage = { fromMs: this.#outage.fromMs, toMs: this.#options.nowMs() }
    this.#isKnown = true
    onReachable(true, null)
    this.#options.onChange(this.#cache.games())
  }

  #lost(error: unknown): void {
    if (this.#isKnown) this.#outage = { fromMs: this.#options.nowMs(), toMs: this.#options.nowMs() }
    this.#isKnown = false
    this.#options.onReachable(false, error)
  }

  /** Asks the list after each silence; a list that shows what the stream never told means the stream is dead. */
  async #watch(signal: AbortSignal): Promise<void> {
    const { watchdogMs, nowMs, useEvents, onChange } = this.#options
    while (!signal.aborted) {
      await sleep(Math.max(this.#lastHeardMs + watchdogMs - nowMs(), 10), signal)
      if (signal.aborted || this.#lastHeardMs + watchdogMs > nowMs()) continue
      this.#lastHeardMs = nowMs()
      const changed = await this.relist()
      onChange(changed)
      if (useEvents && changed.size > 0) throw new Error('the event stream was silent while containers changed')
    }
  }

  #hear(event: ContainerEvent | HostEvent): void {
    this.#lastHeardMs = this.#options.nowMs()
    if (event.kind === 'container') {
      if (this.#cache.hear(event)) this.#options.onChange([event.gameId])
    } else void this.#hearHost(event)
  }

  async #hearHost(event: HostEvent): Promise<void> {
    const { source, network, signal, onChange } = this.#options
    try {
      if (event.kind === 'image') {
        await this.readImages(signal)
      } else if (event.name === network && (event.action === 'create' || event.action === 'destroy')) {
        this.#isNetworkPresent = await source.networkExists(network, signal)
      } else return
      onChange(this.#cache.games())
    } catch (error) {
      this.#disconnect(new Error(`${event.kind} ${event.name} could not be read`, { cause: error }))
    }
  }
}

function streamEnded(error: unknown): Error {
  return new Error('the event stream ended', { cause: error })
}

function withoutRefs(image: ImageFacts, refs: readonly string[]): ImageFacts {
  return image.refs.some((ref) => refs.includes(ref)) ? { ...image, refs: image.refs.filter((ref) => !refs.includes(ref)) } : image
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    signal.addEventListener('abort', done)
    if (signal.aborted) done()
  })
}
