import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

/** systemd, where it runs this process as a service that tells how it is (sd_notify(3)). */
export interface ServiceManager {
  /** Without a sign of life for so long, it ends this process; null where it waits for none. */
  readonly watchdogMs: number | null
  /**
   * Sends assignments such as `READY=1` in one message; resolves when systemd has read it.
   * @throws when the command `systemd-notify` is not there or fails
   */
  notify(assignments: readonly string[]): Promise<void>
}

/** Longer than systemd-notify itself waits for systemd to read. */
const NOTIFY_TIMEOUT_MS = 8_000

/** By the variables that systemd sets; null where nobody wants to be told. */
export function serviceManager(env: NodeJS.ProcessEnv, { pid, ppid }: Pick<NodeJS.Process, 'pid' | 'ppid'>): ServiceManager | null {
  const { NOTIFY_SOCKET, WATCHDOG_USEC, WATCHDOG_PID, PATH } = env
  if (!NOTIFY_SOCKET) return null
  // The launcher is the service's main process where it could not become this one.
  const isForUs = WATCHDOG_PID === undefined || [pid, ppid].includes(Number(WATCHDOG_PID))
  const watchdogMs = isForUs ? Number(WATCHDOG_USEC ?? 0) / 1_000 : 0
  return {
    watchdogMs: watchdogMs > 0 ? watchdogMs : null,
    notify: async (assignments) => {
      // Node has no datagrams on unix sockets. A message counts only while its sender lives: this command waits until it was read.
      await promisify(execFile)('systemd-notify', assignments, { env: { NOTIFY_SOCKET, PATH }, timeout: NOTIFY_TIMEOUT_MS })
    },
  }
}
