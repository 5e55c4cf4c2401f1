import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as delay } from 'node:timers/promises'
import type { ControllerUsage } from '../bench/controller.ts'
import { median } from '../bench/statistics.ts'
import { type LoadSetting, OWN_NAME } from './setting.ts'

/** What the controller holds at one moment, and how long keys have waited since the sample before. */
export interface Sample extends ControllerUsage {
  /** Since the series began. */
  readonly atMs: number
  /** Heap size counts only where this is so. */
  readonly isCollected: boolean
  /** Of the controller to the database. */
  readonly connections: number
  /** How long this process, which has little to do, was kept from going on: then the machine was somebody else's. */
  readonly stallMs: number
}

/** What is held at rest: the least of some samples, since a leak is in all of them, and a call under way is not. */
export type Holdings = Pick<Sample, 'descriptors' | 'timers' | 'connections'>

const EVERY_MS = 5_000
/** A collection stops the controller for some tens of milliseconds, which is told as waiting. */
const COLLECTED_EVERY = 3

/** Samples until `untilMs` (of `performance.now()`). */
export async function sample(setting: LoadSetting, untilMs: number, onSample: (sample: Sample) => void): Promise<readonly Sample[]> {
  const samples: Sample[] = []
  const startedMs = performance.now()
  using stalls = monitorEventLoopDelay({ resolution: 10 })
  stalls.enable()
  await setting.controller.usage() // what was before is of another series
  while (performance.now() + EVERY_MS <= untilMs) {
    await delay(startedMs + (samples.length + 1) * EVERY_MS - performance.now(), undefined, { signal: setting.signal })
    const isCollected = samples.length % COLLECTED_EVERY === 0
    const usage = await (isCollected ? setting.controller.usageCollected() : setting.controller.usage())
    const taken = {
      ...usage,
      atMs: performance.now() - startedMs,
      isCollected,
      connections: await connectionsOf(setting),
      stallMs: stalls.max / 1e6,
    }
    stalls.reset()
    samples.push(taken)
    onSample(taken)
  }
  return samples
}

/** The median of those samples before which garbage was collected. */
export function heapBytesOf(samples: readonly Sample[]): number {
  return median(samples.filter(({ isCollected }) => isCollected).map(({ heapBytes }) => heapBytes))
}

export function leastOf(samples: readonly Sample[]): Holdings {
  const least = (value: (sample: Sample) => number): number => Math.min(...samples.map(value))
  return {
    descriptors: least(({ descriptors }) => descriptors),
    timers: least(({ timers }) => timers),
    connections: least(({ connections }) => connections),
  }
}

async function connectionsOf({ database }: LoadSetting): Promise<number> {
  const { rows } = await database.pool.query<{ count: number }>(
    "SELECT count(*)::integer AS count FROM pg_stat_activity WHERE backend_type = 'client backend' AND application_name <> $1",
    [OWN_NAME],
  )
  return rows[0]?.count ?? 0
}
