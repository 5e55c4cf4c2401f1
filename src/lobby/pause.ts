import { setTimeout as delay } from 'node:timers/promises'

const FIRST_PAUSE_MS = 100
const MAX_PAUSE_MS = 5_000

/** 100 ms doubling to 5 s; ends early, without an error, when stopped. */
export async function pause(failures: number, signal: AbortSignal): Promise<void> {
  await delay(Math.min(FIRST_PAUSE_MS * 2 ** failures, MAX_PAUSE_MS), undefined, { signal }).catch(() => undefined)
}

/** Waits for the promise's end, whichever it is, or for the time, or for the signal; leaves no timer behind. */
export async function untilSettled(promise: Promise<unknown>, ms: number, signal?: AbortSignal): Promise<void> {
  const timer = new AbortController()
  const time = delay(ms, undefined, { signal: signal === undefined ? timer.signal : AbortSignal.any([timer.signal, signal]) })
  const settled = promise.then(
    () => undefined,
    () => undefined,
  )
  await Promise.race([settled, time.catch(() => undefined)])
  timer.abort()
}
