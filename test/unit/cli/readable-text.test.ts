import { describe, expect, it } from 'vitest'
import { ReadableText } from '../../../src/cli/readable-text.ts'

function shown(text: string, size = text.length): string {
  const readable = new ReadableText()
  const bytes = Buffer.from(text)
  let all = ''
  for (let at = 0; at < bytes.length; at += Math.max(1, size)) all += readable.push(bytes.subarray(at, at + Math.max(1, size)))
  return all + readable.end()
}

describe('text of an engine on a terminal', () => {
  it.each([
    ['plain lines, tabs and letters of the world', 'a\tb\nÄ→漢\n', 'a\tb\nÄ→漢\n'],
    ['colours', '\u001b[31mred\u001b[0m\n', 'red\n'],
    ['a title and a link', '\u001b]0;owned\u0007x\u001b]8;;http://evil\u0007y\n', 'xy\n'],
    ['what clears the screen', '\u001b[2J\u001b[Hx\n', 'x\n'],
    ['lines of Windows', 'a\r\nb\n', 'a\nb\n'],
    ['what writes over a line', 'all is well\rx\n', 'all is well�x\n'],
    ['a bell, a backspace and C1', '\u0007\b\u009b31m\n', '��\n'],
    ['writing turned around', 'user\u202Etxt.exe\n', 'user�txt.exe\n'],
    ['no last line end', 'half', 'half'],
  ])('%s', (_case, text, expected) => {
    for (let size = 1; size <= Buffer.byteLength(text); size += 1) expect(shown(text, size)).toBe(expected)
  })

  it('holds back no more than a piece of an endless line', () => {
    const readable = new ReadableText()
    const printed = readable.push(Buffer.from('x'.repeat(1_000_000)))
    expect(printed.length).toBeGreaterThan(990_000)
  })

  it('takes no long time over what looks like escape sequences without an end', () => {
    const before = process.cpuUsage()
    shown('\u001b]'.repeat(200_000))
    shown(`${'\u001b[' + ';'.repeat(500_000)}\n`)
    expect(process.cpuUsage(before).user / 1_000).toBeLessThan(2_000)
  })
})
