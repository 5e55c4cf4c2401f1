import type { Registry } from '@prometheus-io/client'
import type { LoopObserver, PassResult } from '../controller/observer.ts'
import type { Lane } from '../controller/queue.ts'
import { counter, histogram, one, readGauge } from './families.ts'
import type { ReadTerm } from './figures.ts'

const RESULTS: readonly PassResult[] = ['success', 'requeue', 'requeue_after', 'error']
const LANES: readonly Lane[] = ['live', 'resync']

/** The control loop and its queue, by the names of controller-runtime and client-go, as far as those have one. */
export function loopMetrics(registry: Registry, term: ReadTerm): Pick<LoopObserver, 'keyAdded' | 'passBegun' | 'passEnded' | 'passBroke'> {
  const passes = counter(registry, { name: 'reconcile_total', help: 'Passes over one game, by how they ended.', labelNames: ['result'] })
  const errors = counter(registry, { name: 'reconcile_errors_total', help: 'Passes that threw.' })
  const panics = counter(registry, { name: 'reconcile_panics_total', help: 'Passes that threw what nobody foresaw: defects.' })
  const time = histogram(registry, { name: 'reconcile_time_seconds', help: 'How long a pass takes.', labelNames: ['result'] })
  const adds = counter(registry, { name: 'workqueue_adds_total', help: 'Keys that came into the queue.', labelNames: ['lane'] })
  const retries = counter(registry, { name: 'workqueue_retries_total', help: 'Passes that asked for another one at once, or failed.' })
  const waits = histogram(registry, {
    name: 'workqueue_queue_duration_seconds',
    help: 'How long a key waits for its pass.',
    labelNames: ['lane'],
  })
  const work = histogram(registry, { name: 'workqueue_work_duration_seconds', help: 'How long the work on a key takes.' })
  for (const result of RESULTS) passes.inc({ result }, 0)
  for (const lane of LANES) adds.inc({ lane }, 0)
  queueGauges(registry, term)
  return {
    keyAdded: (lane) => adds.inc({ lane }),
    passBegun: (lane, waitedMs) => waits.observe({ lane }, Math.max(0, waitedMs) / 1000),
    passEnded: (result, tookMs) => {
      passes.inc({ result })
      time.observe({ result }, tookMs / 1000)
      work.observe(tookMs / 1000)
      if (result === 'error') errors.inc()
      if (result === 'error' || result === 'requeue') retries.inc()
    },
    passBroke: () => panics.inc(),
  }
}

function queueGauges(registry: Registry, term: ReadTerm): void {
  readGauge(registry, { name: 'workqueue_depth', help: 'Keys that wait for their pass.', labelNames: ['lane'] }, () => {
    const waiting = term()?.queue.waiting
    return waiting === undefined ? [] : LANES.map((lane) => ({ labels: { lane }, value: waiting[lane] }))
  })
  readGauge(
    registry,
    { name: 'workqueue_unfinished_work_seconds', help: 'How long the passes under way have taken so far, together.' },
    () => one(secondsOf(term, (runningMs) => runningMs.reduce((total, each) => total + each, 0))),
  )
  readGauge(
    registry,
    { name: 'workqueue_longest_running_processor_seconds', help: 'How long the oldest pass under way has taken so far.' },
    () => one(secondsOf(term, (runningMs) => Math.max(0, ...runningMs))),
  )
}

function secondsOf(term: ReadTerm, sum: (runningMs: readonly number[]) => number): number | null {
  const figures = term()
  return figures === null ? null : sum(figures.queue.runningMs) / 1000
}
