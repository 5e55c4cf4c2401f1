import type { ControllerMemory } from './api-controller.ts'
import type { FigureVerdict } from './figure-verdict.ts'
import { LIST_LENGTH, type ListPair } from './list-rounds.ts'
import { median } from './statistics.ts'
import type { WatchDelays } from './watch-delays.ts'

const LIST_RATIO = 0.5
const WATCH_MS = 50
/** Of memory at the end over that after the warm-up. */
const GROWTH = 1.1

/** The median of the pairs' ratios, since what disturbs a machine disturbs both sides of a pair. */
export function judgeLists(pairs: readonly ListPair[]): FigureVerdict {
  const ratio = median(pairs.map(ratioOf))
  const ours = median(pairs.map((pair) => pair.ours.perSecond))
  const bare = median(pairs.map((pair) => pair.bare.perSecond))
  return {
    figure: `lists of ${LIST_LENGTH} per second, over a bare fastify's`,
    measured: `${ours.toFixed(0)} / ${bare.toFixed(0)}, ratio ${ratio.toFixed(3)}`,
    bound: `${LIST_RATIO}`,
    hasPassed: ratio >= LIST_RATIO,
  }
}

export function judgeWatch({ clients, changes, medianMs, missed }: WatchDelays): readonly FigureVerdict[] {
  return [
    { figure: `commit until ${clients} are told, median`, measured: ms(medianMs), bound: ms(WATCH_MS), hasPassed: medianMs <= WATCH_MS },
    { figure: `events missed of ${changes * clients}`, measured: String(missed), bound: '0', hasPassed: missed === 0 },
  ]
}

export function judgeMemory(before: ControllerMemory, after: ControllerMemory): readonly FigureVerdict[] {
  return [
    growth('heap at the end, over that after the warm-up', before.heapBytes, after.heapBytes),
    growth('resident memory, likewise', before.residentBytes, after.residentBytes),
  ]
}

export function renderListPair(pair: ListPair): string {
  const side = ({ perSecond, medianMs, p99Ms }: ListPair['ours']): string =>
    `${perSecond.toFixed(0).padStart(5)}/s (p50 ${ms(medianMs)}, p99 ${ms(p99Ms)})`
  const bytes = `${(pair.ours.bytes / 1_024).toFixed(0)} KiB`
  return `round ${pair.round}  lists of ${bytes}  galaxy ${side(pair.ours)}  bare ${side(pair.bare)}  ratio ${ratioOf(pair).toFixed(3)}`
}

export function renderWatch({ clients, changes, medianMs, p99Ms, mostMs, missed }: WatchDelays): string {
  return `watch  ${clients} clients, ${changes} changes  p50 ${ms(medianMs)}  p99 ${ms(p99Ms)}  most ${ms(mostMs)}  missed ${missed}`
}

export function renderMemory(moment: string, { heapBytes, residentBytes }: ControllerMemory): string {
  return `memory ${moment}  heap ${mib(heapBytes)}  resident ${mib(residentBytes)}`
}

function growth(figure: string, before: number, after: number): FigureVerdict {
  const ratio = after / before
  const measured = `${mib(before)} → ${mib(after)}, ratio ${ratio.toFixed(3)}`
  return { figure, measured, bound: GROWTH.toFixed(2), hasPassed: ratio <= GROWTH }
}

function ratioOf({ ours, bare }: ListPair): number {
  return ours.perSecond / bare.perSecond
}

function ms(value: number): string {
  return `${value.toFixed(1)} ms`
}

function mib(bytes: number): string {
  return `${(bytes / 1024 ** 2).toFixed(1)} MiB`
}
