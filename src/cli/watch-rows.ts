import type { Change } from './follow-watch.ts'
import type { Output } from './options.ts'
import { tableStyle, toText } from './output.ts'
import { Redrawn } from './redrawn.ts'
import { type Column, renderTable, tableWidths } from './table.ts'
import { printLine, type Terminal } from './terminal.ts'

/** How what is watched is shown. */
export interface WatchedRows<Row> {
  /** By which it is known from one change to the next. */
  readonly key: (row: Row) => string
  /** As `-o name` has it. */
  readonly name: (row: Row) => string
  readonly columns: (nowMs: number) => readonly Column<Row>[]
  /** Rows of a table that is redrawn, in order and as many as are wanted. */
  readonly shown: (rows: readonly Row[]) => readonly Row[]
  readonly empty: string
}

/** A table that is redrawn in place on a terminal; elsewhere, and in every other form, what changes line by line. */
export async function watchRows<Row>(
  terminal: Terminal,
  changes: AsyncIterable<Change<Row>>,
  view: WatchedRows<Row>,
  output: Output,
): Promise<void> {
  const isTable = output === 'table' || output === 'wide'
  if (isTable && terminal.isStdoutTty) await redraw(terminal, changes, view, output === 'wide')
  else if (isTable) await printRows(terminal, changes, view, output === 'wide')
  else await printObjects(terminal, changes, view, output)
}

const DRAW_GAP_MS = 100
/** Ages grow without a change. */
const DRAW_EVERY_MS = 10_000

async function redraw<Row>(
  terminal: Terminal,
  changes: AsyncIterable<Change<Row>>,
  view: WatchedRows<Row>,
  isWide: boolean,
): Promise<void> {
  const rows = new Map<string, Row>()
  const place = new Redrawn(terminal)
  let drawn: NodeJS.Timeout | undefined
  const draw = () => {
    drawn = undefined
    const shown = view.shown([...rows.values()])
    const table = renderTable(shown, view.columns(Date.now()), tableStyle(terminal, isWide))
    place.draw(shown.length === 0 ? [view.empty] : table.split('\n'))
  }
  const ticks = setInterval(draw, DRAW_EVERY_MS)
  try {
    for await (const change of changes) {
      take(rows, change, view)
      drawn ??= setTimeout(draw, DRAW_GAP_MS)
    }
  } finally {
    clearInterval(ticks)
    clearTimeout(drawn)
    draw()
  }
}

/** The head once, then a row for each whose row is another than before. Columns are as wide as the first table made them. */
async function printRows<Row>(
  terminal: Terminal,
  changes: AsyncIterable<Change<Row>>,
  view: WatchedRows<Row>,
  isWide: boolean,
): Promise<void> {
  const printed = new Map<string, string>()
  let widths: readonly number[] | null = null
  for await (const change of changes) {
    const shown = rowsOf(change)
    const columns = view.columns(Date.now())
    const isFirst = widths === null
    widths ??= tableWidths(shown, columns, isWide)
    const [head = '', ...lines] = renderTable(shown, columns, { ...tableStyle(terminal, isWide), atLeast: widths }).split('\n')
    if (isFirst) printLine(terminal, head)
    for (const [index, row] of shown.entries()) {
      const meaning = meaningOf(row, view)
      if (printed.get(view.key(row)) !== meaning) printLine(terminal, lines[index] ?? '')
      printed.set(view.key(row), meaning)
    }
    if (change.kind === 'gone' && printed.delete(change.name)) printLine(terminal, `${change.name}   gone`)
  }
}

/** What a row tells, without what merely passes. */
function meaningOf<Row>(row: Row, { columns }: WatchedRows<Row>): string {
  return JSON.stringify(columns(0).map(({ title, value }) => (title === 'AGE' || title === 'ENDED' ? value(row) === null : value(row))))
}

async function printObjects<Row>(
  terminal: Terminal,
  changes: AsyncIterable<Change<Row>>,
  { name }: WatchedRows<Row>,
  output: 'json' | 'yaml' | 'name',
): Promise<void> {
  for await (const change of changes) {
    for (const row of rowsOf(change)) {
      if (output === 'name') printLine(terminal, name(row))
      else if (output === 'json') printLine(terminal, JSON.stringify(row))
      else printLine(terminal, `---\n${await toText(row, 'yaml')}`)
    }
  }
}

function rowsOf<Row>(change: Change<Row>): readonly Row[] {
  switch (change.kind) {
    case 'listed':
      return change.rows
    case 'changed':
      return [change.row]
    case 'gone':
      return []
  }
}

function take<Row>(rows: Map<string, Row>, change: Change<Row>, { key }: WatchedRows<Row>): void {
  if (change.kind === 'listed') rows.clear()
  for (const row of rowsOf(change)) rows.set(key(row), row)
  if (change.kind === 'gone') rows.delete(change.name)
}
