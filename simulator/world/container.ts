import type { ContainerConfig, HostConfig } from './create-body.ts'

/**
 * created → running ⇄ paused; running → exited → running …; running → restarting → running, by a restart policy; any that does not run → removing → gone,
 * or → dead when its removal failed.
 */
export type Status = 'created' | 'running' | 'paused' | 'restarting' | 'exited' | 'removing' | 'dead'

/** One container as it was from one effect to the next. Never changed: an effect brings a new one. */
export interface Container {
  readonly id: string
  /** Without Docker's slash. */
  readonly name: string
  readonly createdAtMs: number
  readonly imageId: string
  readonly config: ContainerConfig
  readonly hostConfig: HostConfig
  readonly mounts: readonly Mount[]
  /** By the network's name as the container asked for it. */
  readonly endpoints: Readonly<Record<string, Endpoint>>
  /** What lists go on showing after a start that failed: the endpoints that were meant for it. Null when they show the present ones. */
  readonly listedEndpoints: Readonly<Record<string, Endpoint>> | null
  readonly status: Status
  /** A start is under way: whatever else is asked of it waits. */
  readonly isStarting: boolean
  /** Of the present life, else of the last one; null before the first. */
  readonly startedAtMs: number | null
  /** Of the last life that ended. */
  readonly finishedAtMs: number | null
  readonly exitCode: number
  readonly isOomKilled: boolean
  /** Why the last start failed. */
  readonly error: string
  readonly health: Health | null
  /** Starts so far: tells what belongs to an earlier life. */
  readonly lives: number
  readonly restartCount: number
  /** A human or a program stopped it: its restart policy no longer holds. */
  readonly isStoppedByHand: boolean
  readonly ports: readonly PublishedPort[]
}

export interface Mount {
  readonly source: string
  readonly destination: string
  readonly isReadOnly: boolean
}

export interface Health {
  readonly status: 'starting' | 'healthy' | 'unhealthy'
  readonly failingStreak: number
}

export interface PublishedPort {
  /** `8080/tcp` */
  readonly port: string
  readonly hostIp: string
  readonly hostPort: number
}

/** `attached` is null unless the container runs. */
export interface Endpoint {
  readonly aliases: readonly string[] | null
  /** Of the network it was attached to last; empty before the first start. */
  readonly networkId: string
  readonly attached: { readonly endpointId: string; readonly address: string; readonly gateway: string } | null
}

/** Whether processes of it exist. */
export function isAlive({ status }: Pick<Container, 'status'>): boolean {
  return status === 'running' || status === 'paused' || status === 'restarting'
}

/** Its address on each network it is attached to. */
export function addressesOf({ endpoints }: Container): readonly string[] {
  return Object.values(endpoints).flatMap(({ attached }) => (attached === null ? [] : [attached.address]))
}

/** Program and arguments. */
export function commandOf({ config }: Container): readonly string[] {
  return [...(config.Entrypoint ?? []), ...(config.Cmd ?? [])]
}
