import type { Registry } from '@prometheus-io/client'
import type { Attempt } from '../outbox/deliver.ts'
import type { OutboxFigures } from '../outbox/figures.ts'
import { counter, histogram, one, readGauge, type Reading } from './families.ts'
import type { ReadTerm } from './figures.ts'

/** @returns what is to be told of every attempt to deliver */
export function outboxMetrics(registry: Registry, term: ReadTerm): (attempt: Attempt) => void {
  const deliveries = counter(registry, {
    name: 'galaxy_outbox_deliveries_total',
    help: 'Attempts to deliver an event: delivered, to be tried again, or given up (dead).',
    labelNames: ['outcome'],
  })
  const time = histogram(registry, { name: 'galaxy_outbox_delivery_duration_seconds', help: 'How long the receiver took to answer.' })
  for (const outcome of ['delivered', 'retry', 'dead']) deliveries.inc({ outcome }, 0)
  const read = async (figure: (outbox: OutboxFigures) => number | null): Promise<readonly Reading[]> => {
    const outbox = (await term()?.outbox()) ?? null
    return one(outbox === null ? null : figure(outbox))
  }
  readGauge(registry, { name: 'galaxy_outbox_waiting', help: 'Events that wait for the webhook, counted up to 10 000.' }, () =>
    read(({ waiting }) => waiting),
  )
  readGauge(registry, { name: 'galaxy_outbox_oldest_waiting_seconds', help: 'Age of the oldest event that waits; 0: none does.' }, () =>
    read(({ oldestSeconds }) => oldestSeconds),
  )
  readGauge(registry, { name: 'galaxy_outbox_dead', help: 'Events that were given up and not replayed, counted up to 10 000.' }, () =>
    read(({ dead }) => dead),
  )
  return ({ outcome, durationMs }) => {
    deliveries.inc({ outcome: outcome.kind })
    time.observe(durationMs / 1000)
  }
}
