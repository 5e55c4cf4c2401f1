/** Runs with a signal that ends with the given one, and after the time: then its reason says how long there was. */
export async function withDeadline<T>(timeoutMs: number, signal: AbortSignal, run: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const deadline = new AbortController()
  const timer = setTimeout(() => deadline.abort(new Error(`no whole answer within ${timeoutMs} ms`)), timeoutMs)
  const stop = (): void => deadline.abort(signal.reason)
  signal.addEventListener('abort', stop, { once: true })
  if (signal.aborted) stop()
  try {
    return await run(deadline.signal)
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', stop)
  }
}
