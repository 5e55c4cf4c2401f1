import type { Registry } from '@prometheus-io/client'
import type { LoopObserver } from '../controller/observer.ts'
import type { LedgerEntry } from '../model/turn.ts'
import { counter, histogram } from './families.ts'
import { outcomeOf } from './operations.ts'

/** What became of turns and ticks, as the ledger has it. */
export function turnMetrics(registry: Registry): Pick<LoopObserver, 'turnsTold' | 'actionEnded'> {
  const turns = counter(registry, { name: 'galaxy_turns_total', help: 'Turns that ended, by how they did.', labelNames: ['outcome'] })
  const time = histogram(registry, {
    name: 'galaxy_turn_duration_seconds',
    help: 'How long an engine was asked for one turn; unknown: it gave no answer that says what became of it.',
    labelNames: ['outcome'],
  })
  const skipped = counter(registry, {
    name: 'galaxy_ticks_skipped_total',
    help: 'Ticks and turn tokens that computed no turn, by the reason that the ledger has.',
    labelNames: ['reason'],
  })
  const lateness = histogram(registry, { name: 'galaxy_tick_lateness_seconds', help: 'From a tick to the begin of its turn.' })

  const told = (entry: LedgerEntry, nowMs: number): void => {
    switch (entry.kind) {
      case 'skip':
      case 'skip_token':
        return skipped.inc({ reason: entry.reason })
      case 'begin':
        if (entry.call.kind === 'tick') lateness.observe(Math.max(0, nowMs - entry.call.atMs) / 1000)
        return
      case 'end':
        return turns.inc({ outcome: entry.status })
      case 'retry':
    }
  }

  return {
    turnsTold: (entries, nowMs) => {
      for (const entry of entries) told(entry, nowMs)
    },
    actionEnded: (ended) => {
      if (ended.kind === 'compute_turn' && ended.tookMs !== null) time.observe({ outcome: outcomeOf(ended) }, ended.tookMs / 1000)
    },
  }
}
