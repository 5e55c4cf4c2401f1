import { collectDefaultMetrics, Registry } from '@prometheus-io/client'
import type { LeadershipObserver } from '../controller/leadership.ts'
import type { LoopObserver } from '../controller/observer.ts'
import type { Attempt } from '../outbox/deliver.ts'
import { type DockerObserver, dockerMetrics } from './docker.ts'
import { type EngineObserver, engineMetrics } from './engines.ts'
import type { ReadTerm } from './figures.ts'
import { gameMetrics } from './games.ts'
import { leadershipMetrics } from './leadership.ts'
import { loopMetrics } from './loop.ts'
import { operationMetrics } from './operations.ts'
import { outboxMetrics } from './outbox.ts'
import { turnMetrics } from './turns.ts'

/** What the parts of the controller tell as things happen: one observer each, so that none knows of metrics. */
export interface Observers {
  readonly leadership: LeadershipObserver
  readonly loop: LoopObserver
  readonly docker: DockerObserver
  readonly engines: EngineObserver
  readonly onDelivery: (attempt: Attempt) => void
}

export interface Metrics {
  readonly observers: Observers
  /** All families, in Prometheus' text format. */
  scrape(): Promise<Scrape>
}

export interface Scrape {
  readonly contentType: string
  readonly text: string
}

/**
 * The metrics of one process, on a registry of its own. Labels are words of closed lists, never games: the number of series does not grow with them.
 *
 * @param term what is read of the term under way at each scrape
 */
export function createMetrics(instance: string, term: ReadTerm): Metrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  gameMetrics(registry, term)
  return {
    observers: {
      leadership: leadershipMetrics(registry, instance),
      loop: wholeLoop(registry, term),
      docker: dockerMetrics(registry, term),
      engines: engineMetrics(registry),
      onDelivery: outboxMetrics(registry, term),
    },
    scrape: async () => ({ contentType: registry.contentType, text: await registry.metrics() }),
  }
}

function wholeLoop(registry: Registry, term: ReadTerm): LoopObserver {
  const operations = operationMetrics(registry)
  const turns = turnMetrics(registry)
  return {
    ...loopMetrics(registry, term),
    ...operations,
    ...turns,
    actionEnded: (ended) => {
      operations.actionEnded(ended)
      turns.actionEnded(ended)
    },
  }
}
