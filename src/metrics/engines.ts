import type { Registry } from '@prometheus-io/client'
import type { EngineCallObserver } from '../engine/observed-client.ts'
import { counter, histogram } from './families.ts'

export interface EngineObserver {
  readonly onCall: EngineCallObserver
  readonly onProbe: (isOk: boolean, tookMs: number) => void
}

export function engineMetrics(registry: Registry): EngineObserver {
  const calls = counter(registry, {
    name: 'galaxy_engine_calls_total',
    help: 'Calls to engines, by how they ended: ok, unanswered, refused, or answered by something invalid.',
    labelNames: ['call', 'outcome'],
  })
  const time = histogram(registry, {
    name: 'galaxy_engine_call_duration_seconds',
    help: 'How long a call to an engine took.',
    labelNames: ['call'],
  })
  const probes = counter(registry, { name: 'galaxy_probes_total', help: 'Health probes of engines.', labelNames: ['outcome'] })
  const probeTime = histogram(registry, { name: 'galaxy_probe_duration_seconds', help: 'How long an engine took to answer its probe.' })
  for (const outcome of ['ok', 'failed']) probes.inc({ outcome }, 0)
  return {
    onCall: (call, outcome, tookMs) => {
      calls.inc({ call, outcome })
      time.observe({ call }, tookMs / 1000)
    },
    onProbe: (isOk, tookMs) => {
      probes.inc({ outcome: isOk ? 'ok' : 'failed' })
      if (isOk) probeTime.observe(tookMs / 1000)
    },
  }
}
