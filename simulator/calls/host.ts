/** The machine below the daemon, as far as containers reach it. */
export interface HostMachine {
  /** Whether a bind mount's source is there. */
  exists(path: string): boolean
  /** What a container's program writes through a bind mount. */
  write(path: string, text: string): void
}
