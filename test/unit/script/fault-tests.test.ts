import { describe, expect, it } from 'vitest'
import { faultTestsIn, worldOf } from '../../../script/generate/fault-tests.ts'

/** Put together, so that this file has no such names itself. */
const titled = (title: string, call = 'it') => `${call}('${title}', async () => {`

describe('a test of the fault table', () => {
  it('is known by its name, in the block that it stands in', () => {
    const text = [
      titled('a game', 'describe'),
      `  ${titled('row 3: waits')}`,
      `  ${titled('rows 1, 2 and 40: goes on')}`,
      `  ${titled('rests')}`,
      titled('row 7: a stop', 'describe'),
      `  ${titled('row 9 and S2: says so')}`,
      `  it.each([1, 2])(\n    'row 10: %i of them',\n    async () => {`,
    ].join('\n')
    expect(faultTestsIn('test/e2e/a.test.ts', text).map(({ rows, name }) => [rows, name])).toEqual([
      [[3], 'a game › waits'],
      [[1, 2, 40], 'a game › goes on'],
      [[7], 'a stop'],
      [[9], 'a stop › says so'],
      [[10], 'a stop › %i of them'],
    ])
  })

  it('is none where it is skipped', () => {
    const text = [titled('row 1: later', 'it.todo'), titled('row 2: not now', 'it.skip')].join('\n')
    expect(faultTestsIn('test/e2e/a.test.ts', text)).toEqual([])
  })

  it.each(['row 3 waits', 'Row 3: waits', 'rows 1 2: wait'])('has to be named as the others are: %s', (title) => {
    expect(() => faultTestsIn('test/e2e/a.test.ts', titled(title))).toThrow(title)
  })

  it.each([
    ['test/unit/docker/faults.test.ts', 'in memory'],
    ['test/chaos/seeds.test.ts', 'simulator'],
    ['test/e2e/simulated-faults.test.ts', 'simulator'],
    ['test/contract/runtime-contract.ts', 'both'],
    ['test/e2e/meddling.test.ts', 'real'],
  ])('in %s runs on: %s', (file, world) => expect(worldOf(file)).toBe(world))

  it('is not called real where it runs on the simulator', () => {
    const text = `import { createSimulatedRig } from '../support/simulated-rig.ts'\n${titled('row 6: waits')}`
    expect(() => faultTestsIn('test/e2e/names.test.ts', text)).toThrow('imports the simulator')
    expect(faultTestsIn('test/e2e/simulated-names.test.ts', text)).toMatchObject([{ world: 'simulator' }])
  })
})
