import { describe, expect, it } from 'vitest'
import { formatAge, formatTimeLeft } from '../../../src/cli/age.ts'
import { type Column, plain, renderTable } from '../../../src/cli/table.ts'

interface Row {
  readonly name: string
  readonly text: string | null
}

const columns: readonly Column<Row>[] = [
  { title: 'NAME', value: ({ name }) => name, paint: (text) => `\x1b[32m${text}\x1b[39m` },
  { title: 'TEXT', value: ({ text }) => text },
  { title: 'EXTRA', isWide: true, value: () => 'more' },
]
const rows: readonly Row[] = [
  { name: 'andromeda', text: 'short' },
  { name: 'b', text: null },
]

describe('a table', () => {
  it('pads columns with spaces and shows nothing as a hyphen', () => {
    expect(renderTable(rows, columns, { columns: null, isWide: false, hasColor: false })).toBe(
      'NAME        TEXT\nandromeda   short\nb           -',
    )
  })

  it('shows the wide columns when asked', () => {
    expect(renderTable(rows, columns, { columns: null, isWide: true, hasColor: false }).split('\n')[1]).toBe('andromeda   short   more')
  })

  it('fits the terminal by cutting the widest column', () => {
    const long = [{ name: 'andromeda', text: 'x'.repeat(200) }]
    const lines = renderTable(long, columns, { columns: 40, isWide: false, hasColor: false }).split('\n')
    expect(lines[1]).toHaveLength(40)
    expect(lines[1]).toMatch(/^andromeda {3}x+…$/)
  })

  it('never cuts the first column, whose names are copied', () => {
    const long = [{ name: 'n'.repeat(36), text: 'x'.repeat(30) }]
    const lines = renderTable(long, columns, { columns: 50, isWide: false, hasColor: false }).split('\n')
    expect(lines[1]).toBe(`${'n'.repeat(36)}   ${'x'.repeat(10)}…`)
  })

  it('never cuts into a column for a terminal that is far too narrow', () => {
    expect(renderTable(rows, columns, { columns: 5, isWide: false, hasColor: false })).toContain('short')
  })

  it('is cut nowhere when it is asked for wide', () => {
    const long = [{ name: 'andromeda', text: 'x'.repeat(200) }]
    expect(renderTable(long, columns, { columns: 40, isWide: true, hasColor: false })).toContain(`${'x'.repeat(200)}   more`)
  })

  it('paints without moving columns', () => {
    const painted = renderTable(rows, columns, { columns: null, isWide: false, hasColor: true })
    expect(painted).toContain('\x1b[32m')
    expect(plain(painted.split('\n')[2] ?? '')).toBe('b           -')
  })

  it('takes escape sequences and line breaks out of values', () => {
    const hostile = [{ name: '\x1b[31mred\x1b[0m\x1b]0;title\x07', text: 'two\nlines\x00\u2028\u202e\u2066' }]
    expect(renderTable(hostile, columns, { columns: null, isWide: false, hasColor: false }).split('\n')[1]).toBe('red    two lines')
  })
})

describe('an age', () => {
  it.each([
    [-5_000, '0s'],
    [42_000, '42s'],
    [119_000, '119s'],
    [192_000, '3m12s'],
    [600_000, '10m'],
    [5 * 3_600_000, '5h'],
    [5 * 3_600_000 + 60_000, '5h1m'],
    [30 * 3_600_000, '30h'],
    [50 * 3_600_000, '2d2h'],
    [30 * 86_400_000, '30d'],
  ])('of %s ms is %s', (durationMs, text) => expect(formatAge(durationMs)).toBe(text))
})

describe('a time that is left', () => {
  it.each([
    [90 * 86_400_000 - 1, '90d'],
    [7 * 86_400_000 - 1, '7d'],
    [12 * 3_600_000 - 1, '12h'],
    [90 * 60_000 - 1, '90m'],
    [42_000 - 1, '42s'],
    [86_400_000 - 3_600_000, '23h'],
  ])('of %s ms is %s', (durationMs, text) => expect(formatTimeLeft(durationMs)).toBe(text))
})
