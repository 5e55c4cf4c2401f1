import { describe, expect, it } from 'vitest'
import { Lanes } from '../../../src/engine/lanes.ts'

const forever = new AbortController().signal

/** Work that is done when it is told. */
function job() {
  const { promise, resolve } = Promise.withResolvers<void>()
  let isBegun = false
  const work = (): Promise<void> => {
    isBegun = true
    return promise
  }
  return { work, done: resolve, isBegun: () => isBegun }
}

describe('calls to one engine', () => {
  it('run so many at a time, the others in the order they came', async () => {
    const lanes = new Lanes(2)
    const jobs = [job(), job(), job(), job()]
    const runs = jobs.map(({ work }) => lanes.run('a', forever, work))
    const begun = (): readonly boolean[] => jobs.map(({ isBegun }) => isBegun())
    await Promise.resolve()
    expect(begun()).toEqual([true, true, false, false])
    jobs[1]?.done()
    await runs[1]
    await Promise.resolve()
    expect(begun()).toEqual([true, true, true, false])
    for (const { done } of jobs) done()
    await Promise.all(runs)
    expect([begun(), lanes.size]).toEqual([[true, true, true, true], 0])
  })

  it('do not wait for those to another', async () => {
    const lanes = new Lanes(1)
    const slow = job()
    const run = lanes.run('a', forever, slow.work)
    expect(await lanes.run('b', forever, async () => 'answer')).toBe('answer')
    slow.done()
    await run
  })

  it('that are given up wait no longer, and take no place', async () => {
    const lanes = new Lanes(1)
    const [first, given, last] = [job(), job(), job()]
    const stop = new AbortController()
    const running = lanes.run('a', forever, first.work)
    const waiting = lanes.run('a', stop.signal, given.work)
    const behind = lanes.run('a', forever, last.work)
    stop.abort(new Error('given up'))
    await expect(waiting).rejects.toThrow('given up')
    first.done()
    last.done()
    await Promise.all([running, behind])
    expect([given.isBegun(), last.isBegun(), lanes.size]).toEqual([false, true, 0])
  })

  it('that fail give their place back', async () => {
    const lanes = new Lanes(1)
    await expect(lanes.run('a', forever, () => Promise.reject(new Error('broken')))).rejects.toThrow('broken')
    expect([await lanes.run('a', forever, async () => 1), lanes.size]).toEqual([1, 0])
  })
})
