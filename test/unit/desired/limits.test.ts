import { describe, expect, it } from 'vitest'
import { type AskedLimits, resolveLimits } from '../../../src/desired/limits.ts'

const MI = 1024 ** 2
const DEFAULTS = { cpus: 1, memoryBytes: 256 * MI, pids: 128 }
const NOTHING: AskedLimits = { cpus: null, memory: null, pids: null }
const LABELS = { 'com.galaxy.cpu_quota': '0.5', 'com.galaxy.memory': '64Mi', 'com.galaxy.pids_limit': '32' }

describe('the limits of a game', () => {
  it('are its row’s, else its image’s, else the defaults', () => {
    expect(resolveLimits({ cpus: 2, memory: '1g', pids: 7 }, LABELS, DEFAULTS).limits).toEqual({ cpus: 2, memoryBytes: 1024 * MI, pids: 7 })
    expect(resolveLimits(NOTHING, LABELS, DEFAULTS).limits).toEqual({ cpus: 0.5, memoryBytes: 64 * MI, pids: 32 })
    expect(resolveLimits(NOTHING, {}, DEFAULTS)).toEqual({ limits: DEFAULTS, problems: [] })
    expect(resolveLimits({ ...NOTHING, pids: 7 }, { 'com.galaxy.memory': '64Mi' }, DEFAULTS).limits).toEqual({
      cpus: 1,
      memoryBytes: 64 * MI,
      pids: 7,
    })
  })

  it.each([
    ['com.galaxy.cpu_quota', '50000', 'cores from 0.01 to 1024, such as 0.5'],
    ['com.galaxy.cpu_quota', 'half', 'cores from 0.01 to 1024, such as 0.5'],
    ['com.galaxy.cpu_quota', '-1', 'cores from 0.01 to 1024, such as 0.5'],
    ['com.galaxy.memory', '1Mi', 'a size of at least 6Mi, such as 256Mi or 512m'],
    ['com.galaxy.pids_limit', '0x10', 'a whole number from 1 to 4194304'],
    ['com.galaxy.pids_limit', '', 'a whole number from 1 to 4194304'],
  ])('fall to the default when label %s is %s, and say so', (label, value, expected) => {
    expect(resolveLimits(NOTHING, { [label]: value }, DEFAULTS)).toEqual({
      limits: DEFAULTS,
      problems: [`image label ${label} is "${value}", not ${expected}; the default applies`],
    })
  })

  it('do not complain about a label that the row overrides', () => {
    expect(resolveLimits({ ...NOTHING, cpus: 2 }, { 'com.galaxy.cpu_quota': 'half' }, DEFAULTS).problems).toEqual([])
  })
})
