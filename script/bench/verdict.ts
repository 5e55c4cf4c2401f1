import { renderTable } from '../../src/cli/table.ts'
import type { Figure, Pair } from './rounds.ts'
import { median } from './statistics.ts'

/** The greatest median ratio of the controller's time to raw Docker's that a figure may have. */
const BOUNDS: Readonly<Record<Figure, number>> = { converge: 1.15, restart: 1.25, patch: 1.2 }

const TITLES: Readonly<Record<Figure, string>> = {
  converge: '40 rows until 40 run',
  restart: 'killed until running again',
  patch: 'downtime of a patch',
}

export interface Verdict {
  readonly figure: Figure
  readonly pairs: number
  readonly drivenMs: number
  readonly rawMs: number
  /** The median of the pairs' ratios, since what disturbs a machine disturbs both sides of a pair. */
  readonly ratio: number
  readonly hasPassed: boolean
}

/** One verdict per figure; none without pairs, and then it has not passed. */
export function judge(pairs: readonly Pair[]): readonly Verdict[] {
  const figures: readonly Figure[] = ['converge', 'restart', 'patch']
  return figures.map((figure) => {
    const of = pairs.filter((pair) => pair.figure === figure)
    const ratio = median(of.map(ratioOf))
    return {
      figure,
      pairs: of.length,
      drivenMs: median(of.map((pair) => pair.drivenMs)),
      rawMs: median(of.map((pair) => pair.rawMs)),
      ratio,
      hasPassed: ratio <= BOUNDS[figure],
    }
  })
}

export function renderPair(pair: Pair): string {
  const { figure, round, drivenMs, rawMs } = pair
  return `round ${round}  ${figure.padEnd(8)}  ${drivenMs.toFixed(1).padStart(8)} ms  raw ${rawMs.toFixed(1).padStart(8)} ms  ratio ${ratioOf(pair).toFixed(3)}`
}

export function renderVerdicts(verdicts: readonly Verdict[]): string {
  const columns = [
    { title: 'MEDIAN OF', value: ({ figure }: Verdict) => TITLES[figure] },
    { title: 'PAIRS', value: ({ pairs }: Verdict) => String(pairs) },
    { title: 'GALAXY ms', value: ({ drivenMs }: Verdict) => drivenMs.toFixed(1) },
    { title: 'RAW ms', value: ({ rawMs }: Verdict) => rawMs.toFixed(1) },
    { title: 'RATIO', value: ({ ratio }: Verdict) => ratio.toFixed(3) },
    { title: 'BOUND', value: ({ figure }: Verdict) => BOUNDS[figure].toFixed(2) },
    { title: '', value: ({ hasPassed }: Verdict) => (hasPassed ? 'PASS' : 'FAIL') },
  ]
  return renderTable(verdicts, columns, { columns: null, isWide: false, hasColor: false })
}

function ratioOf({ drivenMs, rawMs }: Pair): number {
  return drivenMs / rawMs
}
