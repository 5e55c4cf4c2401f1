import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MAX_FILE_BYTES, parseManifest, parseManifestPatiently } from '../../../src/desired/manifest/parse.ts'
import { timed } from '../../support/cpu-time.ts'

const POLICY = { imageTemplate: 'galaxy-engine:{version}', allowedRegistries: null }
const parse = (text: string) => parseManifest(text, 'a.yaml', POLICY)
const game = (name: string) => `apiVersion: galaxy.dev/v1alpha1\nkind: Game\nmetadata: {name: ${name}}\nspec: {engineVersion: 1.0.0}\n`

describe('row 45: hostile text', () => {
  const lists = 'bcdefghi'.split('').map((name, index) => `${name}: &${name} [${Array(9).fill(`*${'abcdefghi'[index]}`).join(', ')}]`)

  it.each([
    ['an alias bomb', `a: &a [x, x, x, x, x, x, x, x, x]\n${lists.join('\n')}\n`],
    ['an alias of itself', 'a: &a [*a, *a]\n'],
    ['deep nesting', '['.repeat(100_000)],
    ['a tower of explicit keys', '? '.repeat(100_000)],
    ['sixty thousand fields', Array.from({ length: 60_000 }, (_, index) => `k${index}: 1`).join('\n')],
    ['forty thousand aliases', `${'- &a x\n'.repeat(20_000)}${'- *a\n'.repeat(20_000)}`],
    ['one endless quote', `a: "${'x\n'.repeat(400_000)}`],
    ['a megabyte of blank lines', '\n'.repeat(1_000_000)],
    ['a document over its size', `apiVersion: ${'x'.repeat(300_000)}`],
    ['a file over its size', 'a'.repeat(MAX_FILE_BYTES + 1)],
  ])('is refused, or nothing, in bounded time: %s', (_name, text) => {
    const { cpuMs, result: parsed } = timed(() => parse(text))
    expect(cpuMs).toBeLessThan(3_000)
    expect(parsed.documents).toEqual([])
    expect(parsed.problems.length).toBeLessThanOrEqual(21)
  })

  it('of any kind never throws', () => {
    const piece = fc.constantFrom(
      'a',
      ':',
      ' ',
      '\n',
      '- ',
      '{',
      '}',
      '[',
      ']',
      '&a',
      '*a',
      '"',
      "'",
      '? ',
      '|',
      '---\n',
      'kind: Game\n',
      'spec:\n',
      '  engineVersion: ',
      '!!x ',
      '#',
      '%',
      '\t',
      '\0',
      '<<',
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => void parse(pieces.join(''))),
      { numRuns: 500 },
    )
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => void parse(text)))
  })

  it('as a value of any field never throws', () => {
    const names = fc.constantFrom(
      'engineVersion',
      'image',
      'state',
      'players',
      'resources',
      'turnSchedule',
      'timeZone',
      'paused',
      'stopReason',
      'zzz',
    )
    fc.assert(
      fc.property(fc.dictionary(names, fc.jsonValue()), fc.jsonValue(), (spec, name) => {
        parse(JSON.stringify({ apiVersion: 'galaxy.dev/v1alpha1', kind: 'Game', metadata: { name }, spec }))
      }),
    )
  })
})

describe('row 45: ten thousand documents', () => {
  const many = Array.from({ length: 10_000 }, (_, index) => game(`g${index}`)).join('---\n')

  it('are read while other work goes on', async () => {
    let turns = 0
    let longestMs = 0
    let before = process.cpuUsage()
    const beat = setInterval(() => {
      const { user, system } = process.cpuUsage(before)
      turns += 1
      longestMs = Math.max(longestMs, (user + system) / 1_000)
      before = process.cpuUsage()
    }, 1)
    const parsed = await parseManifestPatiently(many, 'a.yaml', POLICY, AbortSignal.timeout(20_000))
    clearInterval(beat)
    expect(parsed.problems).toEqual([])
    expect(parsed.documents).toHaveLength(10_000)
    expect(turns).toBeGreaterThan(10)
    expect(longestMs).toBeLessThan(250)
  })

  it('stop being read when nobody wants them any more', async () => {
    await expect(parseManifestPatiently(many, 'a.yaml', POLICY, AbortSignal.abort(new Error('stopping')))).rejects.toThrow('stopping')
  })
})
