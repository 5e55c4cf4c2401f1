import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

const FOLDERS: Readonly<Record<string, string>> = { u: 'unit', i: 'integration', e: 'e2e', f: 'faults' }

/** Each line of the table in docs/security.md, by attacker and attempt, with what its last column names. */
const lines = attacks(readFileSync('docs/security.md', 'utf8'))

describe('the threat model', () => {
  it('has lines', () => {
    expect(lines.length).toBeGreaterThanOrEqual(25)
  })

  it.each(lines)('is shown by tests that there are: $tries', ({ shownBy }) => {
    expect(shownBy).not.toEqual([])
    expect(shownBy.filter((test) => !isThere(test))).toEqual([])
  })
})

interface Attack {
  readonly tries: string
  /** `file: part of the name`, or the file alone. */
  readonly shownBy: readonly string[]
}

function attacks(text: string): readonly Attack[] {
  const [, section = ''] = text.split('\n## Who attacks, and what stops them\n')
  const rows = (section.split('\n## ')[0] ?? '').split('\n').filter((line) => line.startsWith('|'))
  return rows.slice(2).map((row) => {
    const [, , tries = '', , shownBy = ''] = row.split('|').map((cell) => cell.trim())
    return { tries, shownBy: tests(shownBy) }
  })
}

/** A name without a file is of the file before it. */
function tests(cell: string): readonly string[] {
  const named: string[] = []
  let file = ''
  for (const [, quoted = ''] of cell.matchAll(/`([^`]+)`/g)) {
    const isFile = /^[uief]\//.test(quoted)
    file = isFile ? (quoted.split(': ')[0] ?? '') : file
    named.push(isFile ? quoted : `${file}: ${quoted}`)
  }
  return named
}

function isThere(test: string): boolean {
  const [file = '', part = ''] = test.split(/: (.*)/)
  const path = `test/${FOLDERS[file.slice(0, 1)] ?? ''}/${file.slice(2)}.test.ts`
  return existsSync(path) && readFileSync(path, 'utf8').includes(part)
}
