import type { FigureVerdict } from './figure-verdict.ts'
import { type IdlePair, WINDOW_MS } from './idle.ts'
import { median } from './statistics.ts'
import type { Ticks } from './ticks.ts'

const P99_MS = 250
const LAST_MS = 5_000
/** The share of one core that is taken for nothing measurable: windows of one kind differ by a third of it. */
const CPU_SHARE = 0.005
const TIMERS = 1

export function judgeSpread(ticks: Ticks): readonly FigureVerdict[] {
  const p99 = { figure: 'spread over the minute: due until asked, p99', measured: ms(ticks.p99Ms), bound: ms(P99_MS) }
  return [{ ...p99, hasPassed: ticks.p99Ms <= P99_MS }, once('spread over the minute', ticks)]
}

export function judgeSimultaneous(ticks: Ticks): readonly FigureVerdict[] {
  const last = { figure: 'all in one second: due until the last is asked', measured: ms(ticks.lastMs), bound: ms(LAST_MS) }
  return [{ ...last, hasPassed: ticks.lastMs <= LAST_MS }, once('all in one second', ticks)]
}

function once(shape: string, { due, lost, doubled }: Ticks): FigureVerdict {
  const hasPassed = due > 0 && lost === 0 && doubled === 0
  return { figure: `${shape}: lost and doubled of ${due}`, measured: `${lost} and ${doubled}`, bound: '0 and 0', hasPassed }
}

/** Medians of the pairs' differences. */
export function judgeIdle(games: number, pairs: readonly IdlePair[]): readonly FigureVerdict[] {
  const cpuMs = median(pairs.map(({ scheduled, unscheduled }) => scheduled.cpuMs - unscheduled.cpuMs))
  const timers = median(pairs.map(({ scheduled, unscheduled }) => scheduled.timers - unscheduled.timers))
  const share = cpuMs / WINDOW_MS
  const bound = `${TIMERS}`
  return [
    { figure: `${games} schedules: timers`, measured: timers.toFixed(0), bound, hasPassed: timers <= TIMERS },
    {
      figure: `${games} schedules: share of a core while idle`,
      measured: percent(share),
      bound: percent(CPU_SHARE),
      hasPassed: share <= CPU_SHARE,
    },
  ]
}

export function renderTicks(shape: string, { due, p50Ms, p99Ms, lastMs, lost, doubled }: Ticks): string {
  return `${shape}  ${due} due  p50 ${ms(p50Ms)}  p99 ${ms(p99Ms)}  last ${ms(lastMs)}  lost ${lost}  doubled ${doubled}`
}

export function renderIdle({ round, scheduled, unscheduled }: IdlePair): string {
  const side = ({ cpuMs, timers }: IdlePair['scheduled']): string => `${cpuMs.toFixed(0)} ms CPU, ${timers.toFixed(0)} timers`
  return `round ${round}  idle for ${WINDOW_MS / 1_000} s  scheduled ${side(scheduled)}  unscheduled ${side(unscheduled)}`
}

function ms(value: number): string {
  return `${value.toFixed(1)} ms`
}

function percent(share: number): string {
  return `${(100 * share).toFixed(2)} %`
}
