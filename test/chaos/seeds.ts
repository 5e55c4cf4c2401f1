import { afterAll, describe, expect, inject, it } from 'vitest'
import { closeDatabases } from './databases.ts'
import { runHistory } from './history.ts'

/** Histories of so many seeds as tests: nothing in them breaks a promise. One that does is replayed by the command in its message. */
export function testSeeds(from: number, count: number): void {
  describe(`random histories of the seeds ${from} to ${from + count - 1}`, () => {
    afterAll(closeDatabases)
    const seeds = Array.from({ length: count }, (_, index) => from + index)
    it.each(seeds)('keep every promise: seed %i', (seed) => expectClean(seed))
  })
}

export async function expectClean(seed: number): Promise<void> {
  const { findings } = await runHistory({ seed, postgresUrl: inject('postgresUrl') })
  expect(findings, `npm run chaos -- --from ${seed} --seeds 1 --trace`).toEqual([])
}
