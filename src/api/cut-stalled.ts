import type { ServerResponse } from 'node:http'

const STALLED_MS = 60_000

/** Ends an answer that goes on, once its reader has taken nothing of what waits for it for a minute. */
export function cutStalled(response: ServerResponse, stalledMs = STALLED_MS): void {
  let waitingSinceMs: number | null = null
  let takenBytes = 0
  const timer = setInterval(() => {
    const taken = response.socket?.bytesWritten ?? 0
    const isWaiting = response.writableNeedDrain && taken === takenBytes
    takenBytes = taken
    if (!isWaiting) waitingSinceMs = null
    else if (performance.now() - (waitingSinceMs ??= performance.now()) >= stalledMs) response.destroy()
  }, stalledMs / 4)
  response.once('close', () => clearInterval(timer))
}
