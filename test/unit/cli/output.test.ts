import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { toText } from '../../../src/cli/output.ts'

describe('an answer as text', () => {
  const hostile = {
    clear: '\u001b[2J',
    red: '\u009b31mred',
    turned: 'abc\u202egnp.exe',
    isolated: '\u2066a: b\u2069',
    lines: 'a\nb\u0085c\u2028d',
    erased: '\u007f',
    'key\u009b': null,
  }

  it.each([
    ['json', (text: string): unknown => JSON.parse(text)],
    ['yaml', (text: string): unknown => parse(text)],
  ] as const)('in %s says the same, and nothing that a terminal obeys', async (format, read) => {
    const text = await toText({ hostile, list: Object.values(hostile) }, format)
    expect(read(text)).toEqual({ hostile, list: Object.values(hostile) })
    expect(text.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/u)
  })

  it('leaves other texts as they are', async () => {
    const answer = { metadata: { name: 'andromeda' }, text: 'Größe “é”, 100 %' }
    expect(await toText(answer, 'yaml')).toBe('metadata:\n  name: andromeda\ntext: Größe “é”, 100 %')
    expect(await toText(answer, 'json')).toBe(JSON.stringify(answer, null, 2))
  })
})
