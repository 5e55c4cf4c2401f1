import type { Moment, Testimony } from './testimony.ts'

type Clocks = Pick<Testimony, 'entries' | 'moments'>

/** The simulator's time of a moment on the machine's clock: the latest that is known from before it. */
export function virtualTimes(testimony: Clocks): (realMs: number) => number {
  const known = knownMoments(testimony)
  return (realMs) => {
    let [from, to] = [0, known.length]
    while (from < to) {
      const middle = (from + to) >>> 1
      if ((known[middle]?.realMs ?? 0) <= realMs) from = middle + 1
      else to = middle
    }
    return known[from - 1]?.atMs ?? known[0]?.atMs ?? 0
  }
}

/** A moment on the machine's clock that lies at least so much of the simulator's time before another; -Infinity where none is known. */
export function earlierTimes(testimony: Clocks): (realMs: number, beforeMs: number) => number {
  const known = knownMoments(testimony)
  const virtual = virtualTimes(testimony)
  return (realMs, beforeMs) => {
    const untilMs = virtual(realMs) - beforeMs
    return known.findLast(({ atMs }) => atMs <= untilMs)?.realMs ?? -Infinity
  }
}

function knownMoments({ entries, moments }: Clocks): readonly Moment[] {
  return [...entries.map(({ entry, realMs }) => ({ realMs, atMs: entry.atMs })), ...moments].toSorted((a, b) => a.realMs - b.realMs)
}
