import type { Testimony } from './testimony.ts'

/** The simulator's time of a moment on the machine's clock: the latest that is known from before it. */
export function virtualTimes({ entries, moments }: Pick<Testimony, 'entries' | 'moments'>): (realMs: number) => number {
  const known = [...entries.map(({ entry, realMs }) => ({ realMs, atMs: entry.atMs })), ...moments].toSorted((a, b) => a.realMs - b.realMs)
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
