import { pause } from '../pause.ts'
import { listen } from './listen.ts'

export interface FollowOptions {
  readonly channel: string
  /** Of the connection, as `pg_stat_activity` shows it. */
  readonly applicationName: string
  /** One connection, never through a transaction pooler. */
  readonly url: string
  /** How often the connection is asked whether it still lives, in ms. */
  readonly checkMs: number
  /** Something may have been written: also after a connection, since what came before it was not heard. */
  onWritten(): void
  onFault(error: unknown): void
  readonly signal: AbortSignal
}

const FIRST_PAUSE_MS = 100
const MAX_PAUSE_MS = 5_000

/** Listens on a channel until the signal aborts; a connection that is lost is made again. */
export async function followChannel(options: FollowOptions): Promise<void> {
  const { signal } = options
  for (let failures = 0; !signal.aborted; failures += 1) {
    try {
      await listenOnce(options, () => {
        failures = 0
      })
    } catch (error) {
      options.onFault(error)
    }
    await pause(Math.min(FIRST_PAUSE_MS * 2 ** failures, MAX_PAUSE_MS), signal)
  }
}

async function listenOnce(options: FollowOptions, onConnected: () => void): Promise<void> {
  const { url, channel, applicationName, checkMs, onWritten, signal } = options
  const listener = await listen({ url, applicationName }, [channel], onWritten)
  const checks = setInterval(() => void listener.check(), checkMs)
  const onAbort = () => void listener.stop()
  signal.addEventListener('abort', onAbort)
  try {
    if (signal.aborted) return
    onConnected()
    onWritten()
    await listener.ended
  } finally {
    clearInterval(checks)
    signal.removeEventListener('abort', onAbort)
    await listener.stop()
  }
}
