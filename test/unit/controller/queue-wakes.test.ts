import { describe, expect, it } from 'vitest'
import { bench } from './queue-bench.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR

describe('a timed look', () => {
  it('comes when its time has come, not before', async () => {
    const { queue, clock, keys } = bench()
    queue.wakeAt('g', clock.nowMs() + 5_000)
    await clock.advance(4_999)
    expect(keys()).toEqual([])
    await clock.advance(1)
    expect(keys()).toEqual(['g'])
  })

  it('is what the last pass asked for: each answer replaces or cancels the one before', async () => {
    const answers: (number | null)[] = [1_010_000, 1_020_000, null]
    const { queue, clock, runs } = bench({ again: () => answers.shift() ?? null })
    queue.add('g')
    await clock.advance(5_000)
    queue.add('g')
    await clock.advance(60_000)
    expect(runs.map((run) => run.startMs - 1_000_000)).toEqual([0, 5_000, 20_000])
    expect(clock.timers).toBe(0)
  })

  it('can be cancelled', async () => {
    const { queue, clock, keys } = bench()
    queue.wakeAt('g', clock.nowMs() + 5_000)
    queue.wakeAt('g', null)
    await clock.advance(60_000)
    expect(keys()).toEqual([])
  })

  it('of one key does not delay an earlier one of another', async () => {
    const { queue, clock, runs } = bench()
    queue.wakeAt('late', clock.nowMs() + 5_000)
    queue.wakeAt('early', clock.nowMs() + 1_000)
    await clock.advance(10_000)
    expect(runs.map(({ key, startMs }) => [key, startMs - 1_000_000])).toEqual([
      ['early', 1_000],
      ['late', 5_000],
    ])
  })

  it('may lie further ahead than a timer of Node reaches', async () => {
    const { queue, clock, runs } = bench()
    queue.wakeAt('g', clock.nowMs() + 30 * DAY)
    await clock.advance(30 * DAY - 1)
    expect(runs).toEqual([])
    await clock.advance(1)
    expect(runs).toHaveLength(1)
  })

  it('row 43: follows the wall clock, an hour late at most, when that is set forward', async () => {
    const { queue, clock, keys } = bench()
    queue.wakeAt('g', clock.nowMs() + 3 * DAY)
    clock.jump(4 * DAY)
    await clock.advance(HOUR)
    expect(keys()).toEqual(['g'])
  })

  it('row 43: survives a wall clock that is set back, and is not run early', async () => {
    const { queue, clock, runs } = bench()
    const atMs = clock.nowMs() + 60_000
    queue.wakeAt('g', atMs)
    clock.jump(-HOUR)
    await clock.advance(HOUR + 60_000)
    expect(runs.map((run) => run.startMs)).toEqual([atMs])
  })

  it('costs one timer, however many keys wait', () => {
    const { queue, clock } = bench()
    for (let game = 0; game < 1_000; game++) queue.wakeAt(`g${game}`, clock.nowMs() + 1_000 + game)
    expect(clock.timers).toBe(1)
  })
})
