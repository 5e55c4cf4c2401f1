/** Polls until the condition holds, and returns what it then read; throws with the last reading when it never does. */
export async function until<Value>(
  read: () => Promise<Value> | Value,
  holds: (value: Value) => boolean,
  what: string,
  timeoutMs = 20_000,
): Promise<Value> {
  const endMs = performance.now() + timeoutMs
  for (;;) {
    const value = await read()
    if (holds(value)) return value
    if (performance.now() > endMs) throw new Error(`${what}: not within ${timeoutMs} ms; last seen ${JSON.stringify(value)}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
