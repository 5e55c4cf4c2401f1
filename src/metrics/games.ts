import type { Registry } from '@prometheus-io/client'
import type { Condition, ConditionType } from '../model/condition.ts'
import type { RecordStatus } from '../model/record.ts'
import { type Reading, readGauge } from './families.ts'
import type { ReadTerm, TermFigures } from './figures.ts'

const STATUSES: readonly RecordStatus[] = [
  'starting',
  'running',
  'generation_in_progress',
  'generation_failed',
  'stopped',
  'engine_unreachable',
  'finished',
]
const ALWAYS_STATED: readonly ConditionType[] = ['Ready', 'Accepted', 'Progressing']
const TRUTHS: readonly Condition['status'][] = ['True', 'False', 'Unknown']

/** How the games are, counted in memory at each scrape; never by game, of which there may be thousands. */
export function gameMetrics(registry: Registry, term: ReadTerm): void {
  readGauge(registry, { name: 'galaxy_games', help: 'Games, by the status of their record.', labelNames: ['status'] }, () => {
    const figures = term()
    return figures === null ? [] : byStatus(figures)
  })
  readGauge(
    registry,
    { name: 'galaxy_game_conditions', help: 'Games, by condition type and its status.', labelNames: ['type', 'status'] },
    () => {
      const figures = term()
      return figures === null ? [] : byCondition(figures)
    },
  )
}

function byStatus(figures: TermFigures): readonly Reading[] {
  const counts = new Map<RecordStatus, number>(STATUSES.map((status) => [status, 0]))
  for (const { status } of figures.games()) if (status !== null) counts.set(status, (counts.get(status) ?? 0) + 1)
  return [...counts].map(([status, value]) => ({ labels: { status }, value }))
}

function byCondition(figures: TermFigures): readonly Reading[] {
  const counts = new Map<string, Reading>()
  const add = (type: ConditionType, status: Condition['status'], by: number): void => {
    const key = `${type} ${status}`
    counts.set(key, { labels: { type, status }, value: (counts.get(key)?.value ?? 0) + by })
  }
  for (const type of ALWAYS_STATED) for (const status of TRUTHS) add(type, status, 0)
  for (const { conditions } of figures.games()) for (const { type, status } of conditions) add(type, status, 1)
  return [...counts.values()]
}
