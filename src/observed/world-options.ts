import type { Clock } from '../clock.ts'
import type { Identity } from '../model/labels.ts'
import type { ObservedContainer } from '../model/observed.ts'
import type { ContainerEvent, ContainerList, HostEvent } from '../model/runtime-event.ts'
import type { HostSource } from './host-facts.ts'

/** What the world is read from. */
export interface WorldSource extends HostSource {
  listContainers(signal: AbortSignal): Promise<ContainerList>
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
  readonly identity: Identity
  readonly network: string
  /** Silence of the stream after which the list is asked, in case the stream is dead. */
  readonly watchdogMs: number
  /** False runs on lists alone, every `watchdogMs`. */
  readonly useEvents: boolean
  /** Games about which something new is known; `all` when an image or the network came or went, for which a game without any container may wait. */
  onChange(gameIds: Iterable<string> | 'all'): void
  /**
   * The list can be read, told at every connection, or can no longer be. Every game has to be looked at again, but no sooner than
   * what a row asks for just then (L3); those that the list shows changed come by `onChange`.
   */
  onReachable(isReachable: boolean, error: unknown): void
  /** A list showed changes that no event told; the stream is opened anew, and Docker was never out of reach. */
  onSilentStream(gameIds: ReadonlySet<string>): void
  readonly clock: Clock
  readonly signal: AbortSignal
}
