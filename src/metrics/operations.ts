import type { Registry } from '@prometheus-io/client'
import type { EndedAction, LoopObserver } from '../controller/observer.ts'
import { counter, histogram } from './families.ts'

/** Operations as the operation log has them, and the pulls among their actions. */
export function operationMetrics(registry: Registry): Pick<LoopObserver, 'operationEnded' | 'actionEnded'> {
  const operations = counter(registry, {
    name: 'galaxy_operations_total',
    help: 'Operations that ended, by the words of the operation log; code is empty where there is none.',
    labelNames: ['op', 'detail', 'outcome', 'code'],
  })
  const time = histogram(registry, {
    name: 'galaxy_operation_duration_seconds',
    help: 'From the begin of an operation to its end.',
    labelNames: ['op'],
  })
  const pulls = counter(registry, { name: 'galaxy_image_pulls_total', help: 'Pulls, by how they ended.', labelNames: ['outcome'] })
  const pullTime = histogram(registry, { name: 'galaxy_image_pull_duration_seconds', help: 'How long a pull that succeeded took.' })
  return {
    operationEnded: ({ op, detail, result, tookMs }) => {
      operations.inc({ op, detail: detail ?? '', outcome: result.status, code: result.code ?? '' })
      if (tookMs !== null) time.observe({ op }, tookMs / 1000)
    },
    actionEnded: (ended) => {
      if (ended.kind !== 'pull_image') return
      pulls.inc({ outcome: outcomeOf(ended) })
      if (ended.outcome === 'succeeded' && ended.tookMs !== null) pullTime.observe(ended.tookMs / 1000)
    },
  }
}

/** `unknown`: the call got no answer; what became of it is seen later. */
export function outcomeOf({ outcome }: EndedAction): string {
  return outcome ?? 'unknown'
}
