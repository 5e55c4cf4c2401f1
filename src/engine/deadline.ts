import { type Clock, systemClock } from '../clock.ts'

/** Runs with a signal that ends with the given one, and after the time: then its reason says how long there was. */
export async function withDeadline<T>(
  timeoutMs: number,
  signal: AbortSignal,
  run: (signal: AbortSignal) => Promise<T>,
  clock: Clock = systemClock,
): Promise<T> {
  const deadline = new AbortController()
  const cancel = clock.after(timeoutMs, () => deadline.abort(new Error(`no whole answer within ${timeoutMs} ms`)))
  const stop = (): void => deadline.abort(signal.reason)
  signal.addEventListener('abort', stop, { once: true })
  if (signal.aborted) stop()
  try {
    return await run(deadline.signal)
  } finally {
    cancel()
    signal.removeEventListener('abort', stop)
  }
}
