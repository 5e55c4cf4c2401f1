import type { ObservedContainer } from './observed.ts'

/** One message of the runtime's event stream about a container with our labels. */
export interface ContainerEvent {
  readonly kind: 'container'
  readonly action: string
  readonly id: string
  readonly gameId: string
  readonly name: string
  /** Nanoseconds since the epoch by the daemon's clock. */
  readonly timeNs: bigint
  readonly attributes: Readonly<Record<string, string>>
}

/** An image or network appeared, changed or went: cached facts about it are to be read again. */
export interface HostEvent {
  readonly kind: 'image' | 'network'
  readonly action: string
  readonly name: string
}

/** The whole world of our labels, as one list call told it. */
export interface ContainerList {
  /** Carry our instance and no other deployment's id. */
  readonly ours: readonly ObservedContainer[]
  /** Our instance, another deployment's id. */
  readonly otherDeployments: readonly ObservedContainer[]
}
