import { Counter, Gauge, Histogram, type Registry } from '@prometheus-io/client'

// Metric families on a registry of our own: the client's default one is module state.

/** From a millisecond to two minutes: SQL round trips and Docker calls at one end, turns and pulls at the other. */
const SECONDS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120]

interface Described<Label extends string> {
  readonly name: string
  readonly help: string
  readonly labelNames?: readonly Label[]
}

export function counter<Label extends string = never>(registry: Registry, family: Described<Label>): Counter<Label> {
  return new Counter<Label>({ ...family, registers: [registry] })
}

/** Of durations; the name ends in `_seconds`. */
export function histogram<Label extends string = never>(registry: Registry, family: Described<Label>): Histogram<Label> {
  return new Histogram<Label>({ ...family, buckets: SECONDS, registers: [registry] })
}

export function gauge<Label extends string = never>(registry: Registry, family: Described<Label>): Gauge<Label> {
  return new Gauge<Label>({ ...family, registers: [registry] })
}

export interface Reading {
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/** A gauge that is read at each scrape. What is not read has no series: a standby does not say 0 of what it does not know. */
export function readGauge(
  registry: Registry,
  family: Described<string>,
  read: () => readonly Reading[] | Promise<readonly Reading[]>,
): void {
  const { labelNames = [] } = family
  const series = new Gauge<string>({
    ...family,
    registers: [registry],
    collect: async () => {
      const readings = await read()
      series.reset()
      // A gauge without labels is reset to 0, not to nothing.
      if (labelNames.length === 0) series.remove()
      for (const { labels, value } of readings) series.set(labels, value)
    },
  })
}

/** The readings of a gauge without labels. */
export function one(value: number | null | undefined): readonly Reading[] {
  return value === null || value === undefined ? [] : [{ labels: {}, value }]
}
