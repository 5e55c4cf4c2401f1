import colors from 'picocolors'
import type { Output } from './options.ts'
import { type Column, renderTable } from './table.ts'
import { printLine, type Terminal } from './terminal.ts'

/** What a listing prints: the answer as it came, and how its items look in a table. */
export interface Listing<Row> {
  /** For `-o json` and `-o yaml`. */
  readonly answer: unknown
  readonly rows: readonly Row[]
  readonly columns: readonly Column<Row>[]
  readonly name: (row: Row) => string
  /** Said on stderr when there are no rows. */
  readonly empty: string
}

export async function printListing<Row>(terminal: Terminal, output: Output, listing: Listing<Row>): Promise<void> {
  switch (output) {
    case 'json':
    case 'yaml':
      return printLine(terminal, await toText(listing.answer, output))
    case 'name':
      for (const row of listing.rows) printLine(terminal, listing.name(row))
      return
    case 'table':
    case 'wide':
      if (listing.rows.length === 0) return void terminal.stderr.write(`${listing.empty}\n`)
      return printLine(terminal, renderTable(listing.rows, listing.columns, tableStyle(terminal, output === 'wide')))
  }
}

export function tableStyle(terminal: Terminal, isWide: boolean) {
  return { columns: terminal.isStdoutTty ? terminal.columns : null, isWide, hasColor: hasColor(terminal) }
}

export async function toText(value: unknown, format: 'json' | 'yaml'): Promise<string> {
  if (format === 'json') return JSON.stringify(value, null, 2)
  const { stringify } = await import('yaml')
  // Through JSON: no anchors for what merely is the same object, and no dates.
  return stringify(JSON.parse(JSON.stringify(value)), { lineWidth: 0, aliasDuplicateObjects: false }).trimEnd()
}

function hasColor(terminal: Terminal): boolean {
  return terminal.isStdoutTty && (terminal.env['NO_COLOR'] ?? '') === '' && terminal.env['TERM'] !== 'dumb'
}

/** picocolors asks the process whether colours fit; here the terminal that is written to has been asked. */
export const paint = colors.createColors(true)
