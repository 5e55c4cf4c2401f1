/** What a running container has used. Rates are for the reader to make out of two of them. */
export interface ContainerUsage {
  readonly containerId: string
  /** Seconds of one core, since its start. */
  readonly cpuSeconds: number
  /** Without what the kernel only keeps of files, which it gives back when it is needed. */
  readonly memoryBytes: number
  /** Of the machine where the container has none. */
  readonly memoryLimitBytes: number | null
  /** Processes and threads. */
  readonly pids: number
  /** Over all its networks, since its start. */
  readonly receivedBytes: number
  readonly sentBytes: number
  /** By the daemon's clock. */
  readonly readAt: Date
}

export interface GameUsage extends ContainerUsage {
  readonly game: string
}
