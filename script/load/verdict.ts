import { renderTable } from '../../src/cli/table.ts'
import { percentile } from '../bench/statistics.ts'
import type { Changes } from './churn.ts'
import type { EventFaults } from './event-faults.ts'
import type { Operations } from './operations.ts'
import { heapBytesOf, leastOf, type Sample } from './samples.ts'
import { RESYNC_MS } from './setting.ts'
import type { Silence } from './silence.ts'

/** Everything that a run has shown. */
export interface LoadRun {
  readonly games: number
  readonly changes: Changes
  readonly faults: EventFaults
  readonly operations: Operations
  readonly samples: readonly Sample[]
  readonly restBefore: readonly Sample[]
  readonly restAfter: readonly Sample[]
  readonly convergedMs: number
  readonly silence: Silence
  /** Moments at which two containers ran on one state folder. */
  readonly overlaps: number
  readonly loggedErrors: readonly string[]
}

export interface LoadVerdict {
  readonly figure: string
  readonly measured: string
  readonly bound: string
  readonly hasPassed: boolean
}

const BOUNDS = {
  /** A crash's backoff, the resync that finds what no event told, and a pass. */
  convergedMs: 60_000,
  heapRatio: 1.1,
  descriptors: 16,
  timers: 16,
  connections: 2,
  /** 8 of the loop, 2 beside it, one that listens. */
  mostConnections: 11,
  liveP99Ms: 250,
  /** A pass gives its slot back after a second. */
  liveLongestMs: 1_000,
  /** Before the next resync begins. */
  resyncLongestMs: RESYNC_MS,
}
const SPAN_MS = 45_000
const MINUTE_MS = 60_000

export function judgeLoad(run: LoadRun): readonly LoadVerdict[] {
  const { silence, convergedMs } = run
  return [
    most('churn ended until all was as asked for, s', convergedMs / 1_000, BOUNDS.convergedMs / 1_000, 1),
    {
      figure: 'resyncs after that; their Docker writes and rows written',
      measured: `${silence.resyncs}; ${silence.dockerWrites.length} and ${silence.rowsWritten}`,
      bound: '10 at least; 0 and 0',
      hasPassed: silence.resyncs >= 10 && silence.dockerWrites.length === 0 && silence.rowsWritten === 0,
    },
    most('two containers on one state folder', run.overlaps, 0),
    most('errors logged', run.loggedErrors.length, 0),
    ...judgeHoldings(run),
    ...judgeWaits(run.samples),
  ]
}

function judgeHoldings({ samples, restBefore, restAfter }: LoadRun): readonly LoadVerdict[] {
  const endMs = samples.at(-1)?.atMs ?? 0
  const firstBytes = heapBytesOf(samples.filter(({ atMs }) => atMs >= MINUTE_MS && atMs < MINUTE_MS + SPAN_MS))
  const lastBytes = heapBytesOf(samples.filter(({ atMs }) => atMs > endMs - SPAN_MS))
  const [before, after] = [leastOf(restBefore), leastOf(restAfter)]
  const minutes = Math.round(endMs / MINUTE_MS)
  return [
    most(
      `heap after ${minutes} min over heap after 1 min (${mib(lastBytes)} / ${mib(firstBytes)} MiB)`,
      lastBytes / firstBytes,
      BOUNDS.heapRatio,
      3,
    ),
    most(`descriptors at rest, more than before (${before.descriptors})`, after.descriptors - before.descriptors, BOUNDS.descriptors),
    most(`timers at rest, more than before (${before.timers})`, after.timers - before.timers, BOUNDS.timers),
    most(`connections at rest, more than before (${before.connections})`, after.connections - before.connections, BOUNDS.connections),
    most('connections, at most', Math.max(...samples.map(({ connections }) => connections)), BOUNDS.mostConnections),
  ]
}

function judgeWaits(samples: readonly Sample[]): readonly LoadVerdict[] {
  const live = samples.flatMap(({ waitsMs }) => waitsMs.live)
  const resync = samples.flatMap(({ waitsMs }) => waitsMs.resync)
  return [
    most(`live key waited for its pass, p99 of ${live.length}, ms`, percentile(live, 0.99), BOUNDS.liveP99Ms),
    most('live key waited for its pass, longest, ms', percentile(live, 1), BOUNDS.liveLongestMs),
    most(`resync key waited for its pass, longest of ${resync.length}, ms`, percentile(resync, 1), BOUNDS.resyncLongestMs),
  ]
}

/** A value that may be the bound, and no more; one that was not measured is NaN, and has not passed. */
function most(figure: string, value: number, bound: number, digits = 0): LoadVerdict {
  return { figure, measured: value.toFixed(digits), bound: bound.toFixed(digits), hasPassed: value <= bound }
}

export function renderSample({
  atMs,
  heapBytes,
  isCollected,
  residentBytes,
  descriptors,
  timers,
  connections,
  depth,
  waitsMs,
  stallMs,
}: Sample): string {
  const heap = `heap ${mib(heapBytes)} MiB${isCollected ? ' collected' : ''}`
  const longest = (waits: readonly number[]): string => `${Math.max(0, ...waits)} of ${waits.length}`
  return [
    `${(atMs / 1_000).toFixed(0).padStart(4)} s`,
    heap.padEnd(24),
    `resident ${mib(residentBytes)} MiB`,
    `descriptors ${descriptors}`,
    `timers ${timers}`,
    `connections ${connections}`,
    `queue ${depth}`,
    `longest wait ms: live ${longest(waitsMs.live)}, resync ${longest(waitsMs.resync)}`,
    `stalled ${stallMs.toFixed(0)} ms`,
  ].join('  ')
}

/** What was done, without judgement. */
export function renderDeeds({ games, changes, faults, operations, samples }: LoadRun): string {
  const made = Object.entries(changes).map(([change, count]) => `${change} ${count}`)
  const failed = Object.entries(operations.failed).map(([code, count]) => `${code} ${count}`)
  return [
    `${games} games; changes: ${made.join(', ')}`,
    `operations: ${operations.succeeded} succeeded; failed: ${failed.length === 0 ? 'none' : failed.join(', ')}`,
    `events: ${faults.lost} lost, ${faults.doubled} doubled, ${faults.late} late; streams cut ${faults.cuts} times`,
    `this process, which had little to do, was stalled for ${Math.max(...samples.map(({ stallMs }) => stallMs)).toFixed(0)} ms at most`,
  ].join('\n')
}

export function renderLoad(verdicts: readonly LoadVerdict[]): string {
  const columns = [
    { title: 'FIGURE', value: ({ figure }: LoadVerdict) => figure },
    { title: 'MEASURED', value: ({ measured }: LoadVerdict) => measured },
    { title: 'BOUND', value: ({ bound }: LoadVerdict) => bound },
    { title: '', value: ({ hasPassed }: LoadVerdict) => (hasPassed ? 'PASS' : 'FAIL') },
  ]
  return renderTable(verdicts, columns, { columns: null, isWide: false, hasColor: false })
}

function mib(bytes: number): string {
  return (bytes / 1024 ** 2).toFixed(1)
}
