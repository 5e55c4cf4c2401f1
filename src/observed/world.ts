import type { ImageFacts } from '../model/image.ts'
import { isOurDeployment } from '../model/labels.ts'
import { isUp, type NetworkState, type ObservedContainer, type ObservedGame, type Outage } from '../model/observed.ts'
import type { ContainerEvent, HostEvent } from '../model/runtime-event.ts'
import { pause } from '../pause.ts'
import { ContainerCache, type ListNews } from './cache.ts'
import { HostFacts } from './host-facts.ts'
import { oneAtATime } from './one-at-a-time.ts'
import { SilentStream } from './silent-stream.ts'
import type { WorldOptions } from './world-options.ts'

const FIRST_RETRY_MS = 100
const MAX_RETRY_MS = 5_000
/** An address that was confirmed so lately is not somebody else's yet: another container needs longer than that to die unseen, and a third to start. */
const LATELY_MS = 5_000
/** Inspects of one container in one look, where each answer is overtaken while it is awaited. */
const MAX_INSPECTS = 3

/**
 * The observed side: one list gives the world, the event stream keeps it fresh, and a list follows every reconnect and every
 * silence (spec 3, "Observed side").
 *
 * States: *unreachable* → (stream open, then list) → *known* → (stream ends, or a list fails) → *unreachable*. The stream is
 * opened before the list, so nothing that happens between the two is missed. A stream that was silent about what a list shows is
 * opened anew without leaving *known*.
 */
export class World {
  readonly #options: WorldOptions
  readonly #cache = new ContainerCache()
  #otherDeployments: readonly ObservedContainer[] = []
  readonly #host: HostFacts
  readonly #list: () => Promise<ListNews>
  /** Null until the first answer or failure. */
  #isKnown: boolean | null = null
  #outage: Outage | null = null
  /** When the snapshots that are no list's were taken. */
  readonly #describedAtMs = new WeakMap<ObservedContainer, number>()
  #lastHeardMs = 0
  #ended: Promise<void> | null = null
  #disconnect: (error: unknown) => void = () => {}

  constructor(options: WorldOptions) {
    this.#options = options
    this.#host = new HostFacts(options.source, options.network, options.signal)
    this.#list = oneAtATime(() => this.#readList())
  }

  /** Runs until the signal aborts. */
  start(): void {
    this.#ended = this.#run()
  }

  async stopped(): Promise<void> {
    await this.#ended
  }

  get isKnown(): boolean {
    return this.#isKnown === true
  }

  get containerCount(): number {
    return this.#cache.size
  }

  get otherDeployments(): readonly ObservedContainer[] {
    return this.#otherDeployments
  }

  get network(): NetworkState {
    return this.#host.network
  }

  games(): Iterable<string> {
    return this.#cache.games()
  }

  game(gameId: string): ObservedGame {
    return {
      isKnown: this.isKnown,
      containers: this.#cache.of(gameId),
      foreignDeployments: this.#otherDeployments.filter((container) => container.gameId === gameId),
      outage: this.#outage,
    }
  }

  /** Inspects what events have made stale, and what `needsDetail` asks for, of one game; by id, nothing else. */
  async refresh(gameId: string, needsDetail: (container: ObservedContainer) => boolean, signal: AbortSignal): Promise<void> {
    for (let turn = 0; turn < MAX_INSPECTS; turn++) {
      const wanted = this.#cache.of(gameId).filter((container) => container.detail === null && needsDetail(container))
      const ids = new Set([...this.#cache.staleIds(gameId), ...wanted.map((container) => container.id)])
      if (ids.size === 0) return
      for (const id of ids) await this.#inspect(id, signal)
    }
  }

  /**
   * The container as Docker describes it now, or did a moment ago; null when it is gone. For whoever is about to talk to it: what
   * is known may rest on an event that was lost, and its address may be another container's by now.
   */
  async confirm(gameId: string, id: string, signal: AbortSignal): Promise<ObservedContainer | null> {
    const known = (): ObservedContainer | null => this.#cache.of(gameId).find((container) => container.id === id) ?? null
    const before = known()
    if (before === null || !this.#isFromLately(before)) await this.#inspect(id, signal)
    return known()
  }

  /** Of two that run one is stopped: that the other runs may rest on an event that was lost, and then none would be left (S3). */
  async confirmRivals(gameId: string, signal: AbortSignal): Promise<void> {
    const up = this.#cache.of(gameId).filter(isUp)
    if (up.length > 1) for (const { id } of up) await this.confirm(gameId, id, signal)
  }

  #isFromLately(container: ObservedContainer): boolean {
    const agoMs = this.#options.clock.nowMs() - (this.#describedAtMs.get(container) ?? -Infinity)
    return agoMs >= 0 && agoMs <= LATELY_MS
  }

  async #inspect(id: string, signal: AbortSignal): Promise<void> {
    const inspection = this.#cache.inspectBegins(id)
    const nowMs = this.#options.clock.nowMs()
    const container = await this.#options.source.inspect(id, signal)
    if (container !== null) this.#describedAtMs.set(container, nowMs)
    if (container !== null && !this.#isOurs(container)) this.#setAside(container)
    else this.#cache.inspectEnds(inspection, container)
  }

  /** Events come by owner and kind alone; whose deployment a container is shows only when it is inspected (S2). */
  #isOurs({ labels }: ObservedContainer): boolean {
    const { identity } = this.#options
    return labels.instance === identity.instance && isOurDeployment(labels.deployment, identity)
  }

  #setAside(container: ObservedContainer): void {
    this.#cache.forget(container.id)
    if (container.labels.instance !== this.#options.identity.instance) return
    this.#otherDeployments = [...this.#otherDeployments.filter((other) => other.id !== container.id), container]
  }

  /** To be called before the start, for each container that a record of an earlier term names. */
  expect(id: string, gameId: string): void {
    this.#cache.expect(id, gameId)
  }

  learn(container: ObservedContainer): void {
    this.#describedAtMs.set(container, this.#options.clock.nowMs())
    this.#cache.learn(container)
  }

  forget(id: string): void {
    this.#cache.forget(id)
  }

  doubt(id: string): void {
    this.#cache.doubt(id)
  }

  /** Facts of an image by reference or id; null when the host does not have it. */
  image(ref: string): ImageFacts | null {
    return this.#host.image(ref)
  }

  learnImage(facts: ImageFacts): void {
    this.#host.learnImage(facts)
  }

  async readImages(): Promise<void> {
    await this.#host.readImages()
  }

  setNetwork(state: NetworkState): void {
    this.#host.setNetwork(state)
  }

  /** Lists once and returns the games that differ from what was known. A list that fails makes the world unknown. */
  async relist(): Promise<ReadonlySet<string>> {
    const [{ changed }] = await Promise.all([this.#list(), this.#options.useEvents ? this.#host.recheck() : this.#readHost()])
    return changed
  }

  async #readHost(): Promise<void> {
    await Promise.all([this.#host.readImages(), this.#host.readNetwork()])
  }

  async #readList(): Promise<ListNews> {
    const disconnect = this.#disconnect
    this.#cache.listBegins()
    try {
      const list = await this.#options.source.listContainers(this.#options.signal)
      this.#otherDeployments = list.otherDeployments
      return this.#cache.listEnds(list)
    } catch (error) {
      disconnect(error)
      throw error
    }
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
        // The list has just been read: nothing is unknown, and no container fell with the runtime.
        if (error instanceof SilentStream) this.#options.onSilentStream(error.untold)
        else this.#lost(error)
      }
      await pause(retryMs, signal, this.#options.clock)
      retryMs = Math.min(retryMs * 2, MAX_RETRY_MS)
    }
  }

  /** One connection: open the stream, list, then listen until it ends. Throws when it cannot be had. */
  async #follow(onKnown: () => void): Promise<void> {
    const connection = new AbortController()
    const signal = AbortSignal.any([connection.signal, this.#options.signal])
    try {
      const ended = Promise.withResolvers<never>()
      ended.promise.catch(() => {}) // awaited below; something else may fail first
      this.#disconnect = ended.reject
      if (this.#options.useEvents) {
        await this.#options.source.openEvents({
          signal,
          onEvent: (event) => this.#hear(event),
          onEnd: (error) => ended.reject(new Error('the event stream ended', { cause: error })),
        })
      }
      await this.#learnAll()
      onKnown()
      await Promise.race([ended.promise, this.#watch(signal)])
    } finally {
      connection.abort()
    }
  }

  async #learnAll(): Promise<void> {
    await this.#readHost()
    const { changed } = await this.#list()
    const nowMs = this.#options.clock.nowMs()
    this.#lastHeardMs = nowMs
    if (this.#isKnown === false && this.#outage !== null) this.#outage = { fromMs: this.#outage.fromMs, toMs: nowMs }
    this.#isKnown = true
    this.#options.onReachable(true, null)
    this.#options.onChange(changed)
  }

  #lost(error: unknown): void {
    if (this.#isKnown === false) return
    const nowMs = this.#options.clock.nowMs()
    this.#outage = { fromMs: nowMs, toMs: nowMs }
    this.#isKnown = false
    this.#options.onReachable(false, error)
  }

  /** Asks the list after each silence; a list that shows what the stream never told means the stream is dead. */
  async #watch(signal: AbortSignal): Promise<void> {
    const { watchdogMs, clock, useEvents, onChange } = this.#options
    while (!signal.aborted) {
      await pause(Math.min(Math.max(this.#lastHeardMs + watchdogMs - clock.nowMs(), 10), watchdogMs), signal, clock)
      const silentMs = clock.nowMs() - this.#lastHeardMs
      // A clock that was set back says nothing about how long it was silent.
      if (signal.aborted || (silentMs >= 0 && silentMs < watchdogMs)) continue
      this.#lastHeardMs = clock.nowMs()
      const { changed, untold } = await this.#list()
      onChange(changed)
      if (useEvents && untold.size > 0) throw new SilentStream(untold)
    }
  }

  #hear(event: ContainerEvent | HostEvent): void {
    this.#lastHeardMs = this.#options.clock.nowMs()
    if (event.kind === 'container') {
      if (this.#cache.hear(event) || this.#hasFreedName(event)) this.#options.onChange([event.gameId])
    } else void this.#hearHost(event)
  }

  /** A container of another deployment is gone, and the name it held with it. */
  #hasFreedName({ action, id: goneId }: ContainerEvent): boolean {
    if (action !== 'destroy' || !this.#otherDeployments.some(({ id }) => id === goneId)) return false
    this.#otherDeployments = this.#otherDeployments.filter(({ id }) => id !== goneId)
    return true
  }

  async #hearHost(event: HostEvent): Promise<void> {
    const { network, onChange } = this.#options
    const disconnect = this.#disconnect
    try {
      if (event.kind === 'image') await this.#host.readImages()
      else if (event.name === network && (event.action === 'create' || event.action === 'destroy')) await this.#host.readNetwork()
      else return
      onChange('all')
    } catch (error) {
      disconnect(new Error(`${event.kind} ${event.name} could not be read`, { cause: error }))
    }
  }
}
