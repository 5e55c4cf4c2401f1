import type { Registry } from '@prometheus-io/client'
import type { CallObserver } from '../docker/calls.ts'
import { counter, histogram, one, readGauge } from './families.ts'
import type { ReadTerm } from './figures.ts'

export interface DockerObserver {
  readonly onCall: CallObserver
  /** `ended`: it broke off, or a list failed. `silent`: it did not tell what a list shows. Either way it is opened anew. */
  eventStreamLost(reason: 'ended' | 'silent'): void
}

export function dockerMetrics(registry: Registry, term: ReadTerm): DockerObserver {
  const calls = counter(registry, {
    name: 'galaxy_docker_calls_total',
    help: 'Docker calls, by how they ended: ok, refused by Docker, unanswered, or given up by us.',
    labelNames: ['call', 'outcome'],
  })
  const time = histogram(registry, {
    name: 'galaxy_docker_call_duration_seconds',
    help: 'How long a Docker call took; of a stream, until its headers came.',
    labelNames: ['call'],
  })
  const streams = counter(registry, {
    name: 'galaxy_docker_event_stream_losses_total',
    help: 'How often the event stream had to be opened anew: it ended, or was silent while containers changed.',
    labelNames: ['reason'],
  })
  for (const reason of ['ended', 'silent']) streams.inc({ reason }, 0)
  readGauge(registry, { name: 'galaxy_docker_reachable', help: '1 while containers can be listed.' }, () => {
    const world = term()?.world
    return one(world === undefined ? null : Number(world.isKnown))
  })
  let listedAtMs: number | null = null
  readGauge(registry, { name: 'galaxy_docker_last_list_timestamp_seconds', help: 'When the last list of containers was read.' }, () =>
    one(term() === null || listedAtMs === null ? null : listedAtMs / 1000),
  )
  readGauge(registry, { name: 'galaxy_docker_containers', help: 'Containers of this deployment, in any state.' }, () =>
    one(term()?.world.containerCount),
  )
  return {
    onCall: (call, tookMs, outcome) => {
      calls.inc({ call, outcome })
      time.observe({ call }, tookMs / 1000)
      if (call === 'container_list' && outcome === 'ok') listedAtMs = Date.now()
    },
    eventStreamLost: (reason) => streams.inc({ reason }),
  }
}
