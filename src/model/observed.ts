import type { Limits } from './limits.ts'

/** Docker's seven container states; each has an answer in the planner. */
export type ContainerState = 'created' | 'running' | 'paused' | 'restarting' | 'exited' | 'removing' | 'dead'

/** Whether a container in this state has a process, and with it addresses. */
export function isUp({ state }: { readonly state: ContainerState }): boolean {
  return state === 'running' || state === 'paused' || state === 'restarting'
}

/** One container that carries our owner and kind labels, as Docker last described it. */
export interface ObservedContainer {
  readonly id: string
  /** Without the leading slash. */
  readonly name: string
  readonly gameId: string
  readonly state: ContainerState
  readonly imageId: string
  /** The reference the container was created from. */
  readonly imageRef: string
  readonly createdAtMs: number
  readonly labels: ContainerLabels
  /** Host side of the mount on the state path, null when it has none. */
  readonly stateHostPath: string | null
  /** Its address on each network it is attached to; none while it is down. */
  readonly addresses: Readonly<Record<string, string>>
  /** The image's HEALTHCHECK; `none` when it has none, null when a list did not tell. */
  readonly dockerHealth: 'none' | 'starting' | 'healthy' | 'unhealthy' | null
  /** What a list does not carry; null until the container was inspected. */
  readonly detail: ContainerDetail | null
}

export interface ContainerDetail {
  readonly startedAtMs: number | null
  readonly finishedAtMs: number | null
  readonly exitCode: number
  /** Docker's own flag, or an `oom` event seen since its start. */
  readonly isOomKilled: boolean
  readonly error: string
  readonly limits: Limits
  readonly isAutoRemove: boolean
}

/** `com.galaxy.*` labels beyond owner and kind; null where absent. */
export interface ContainerLabels {
  readonly instance: string
  readonly deployment: string | null
  readonly engine: string | null
  readonly engineVersion: string | null
  readonly engineImageRef: string | null
  readonly specHash: string | null
  readonly operationId: string | null
  readonly startedAtMs: number | null
}

/** Of the games' network. On two of one name Docker starts nothing: which is meant is ambiguous. */
export type NetworkState = 'present' | 'missing' | 'ambiguous'

/** A time in which the runtime could not be reached, epoch milliseconds. */
export interface Outage {
  readonly fromMs: number
  readonly toMs: number
}

/** What is known of one game's containers. */
export interface ObservedGame {
  /** False until the first complete list of the term, while Docker cannot be reached, and while it does not answer for this game. */
  readonly isKnown: boolean
  /** Why Docker does not answer for this game alone. */
  readonly unanswered?: string
  readonly containers: readonly ObservedContainer[]
  /** Containers of our instance that carry another deployment's id: never touched. */
  readonly foreignDeployments: readonly ObservedContainer[]
  /** The last outage of the runtime in this term. */
  readonly outage: Outage | null
}
