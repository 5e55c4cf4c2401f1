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
  if (format === 'json') return escaped(JSON.stringify(value, null, 2))
  const { Document, visit } = await import('yaml')
  // Through JSON: no anchors for what merely is the same object, and no dates.
  const document = new Document(JSON.parse(JSON.stringify(value)), { aliasDuplicateObjects: false })
  visit(document, {
    Scalar: (_key, scalar) => {
      if (typeof scalar.value === 'string' && escaped(scalar.value) !== scalar.value) scalar.type = 'QUOTE_DOUBLE'
    },
  })
  return escaped(document.toString({ lineWidth: 0 })).trimEnd()
}

/** What a terminal obeys or hides, where JSON and YAML leave it as it is, in the escapes that both have. */
function escaped(text: string): string {
  return text.replace(OBEYED, (found) => `\\u${found.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/** C1 controls, which some terminals take for escape sequences; marks that turn the direction of writing; other breaks of a line. */
const OBEYED = /[\u007F-\u009F\u200E\u200F\u2028\u2029\u202A-\u202E\u2066-\u2069]/g

function hasColor(terminal: Terminal): boolean {
  return terminal.isStdoutTty && (terminal.env['NO_COLOR'] ?? '') === '' && terminal.env['TERM'] !== 'dumb'
}

/** picocolors asks the process whether colours fit; here the terminal that is written to has been asked. */
export const paint = colors.createColors(true)
