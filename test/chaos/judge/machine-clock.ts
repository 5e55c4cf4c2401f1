/** Bound before any world can put its own clock in the place of the machine's. */
const monotonic = performance.now.bind(performance)
const originMs = performance.timeOrigin

/** The machine's clock, whatever the world's says; epoch milliseconds. Postgres shares it. */
export function machineNowMs(): number {
  return originMs + monotonic()
}
