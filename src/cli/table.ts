import { stripVTControlCharacters } from 'node:util'

/** One column of a table; values are plain text, colour comes after the widths are known. */
export interface Column<Row> {
  readonly title: string
  readonly value: (row: Row) => string | null
  /** Shown with `-o wide` only. */
  readonly isWide?: boolean
  readonly paint?: (text: string, row: Row) => string
}

export interface TableStyle {
  /** Lines are cut to fit; null cuts nothing, and neither does `isWide`: whoever asks for all wants to read it. */
  readonly columns: number | null
  readonly isWide: boolean
  readonly hasColor: boolean
  /** Columns are no narrower than this, so that rows told later stand under those told before. */
  readonly atLeast?: readonly number[]
}

const GAP = 3
const NARROWEST = 6

/** Columns padded with spaces and no borders, as in kubectl: good for eyes, cut and awk. */
export function renderTable<Row>(rows: readonly Row[], allColumns: readonly Column<Row>[], style: TableStyle): string {
  const columns = shownColumns(allColumns, style.isWide)
  const cells = cellsOf(rows, columns)
  const natural = widthsOf(cells, columns).map((width, index) => Math.max(width, style.atLeast?.[index] ?? 0))
  const widths = style.columns === null || style.isWide ? natural : fit(natural, style.columns)
  const line = (texts: readonly string[], paint: (text: string, index: number) => string) =>
    texts
      .map((text, index) => paint(pad(cut(text, widths[index] ?? 0), index === texts.length - 1 ? 0 : (widths[index] ?? 0) + GAP), index))
      .join('')
      .trimEnd()
  const head = line(
    columns.map((column) => column.title),
    (text) => text,
  )
  const body = rows.map((row, at) =>
    line(cells[at] ?? [], (text, index) => (style.hasColor ? (columns[index]?.paint?.(text, row) ?? text) : text)),
  )
  return [head, ...body].join('\n')
}

/** How wide each shown column has to be for these rows. */
export function tableWidths<Row>(rows: readonly Row[], allColumns: readonly Column<Row>[], isWide: boolean): readonly number[] {
  const columns = shownColumns(allColumns, isWide)
  return widthsOf(cellsOf(rows, columns), columns)
}

function shownColumns<Row>(columns: readonly Column<Row>[], isWide: boolean): readonly Column<Row>[] {
  return columns.filter((column) => isWide || column.isWide !== true)
}

function cellsOf<Row>(rows: readonly Row[], columns: readonly Column<Row>[]): readonly (readonly string[])[] {
  return rows.map((row) => columns.map((column) => plain(column.value(row) ?? '-')))
}

function widthsOf<Row>(cells: readonly (readonly string[])[], columns: readonly Column<Row>[]): readonly number[] {
  return columns.map(({ title }, index) => cells.reduce((width, line) => Math.max(width, line[index]?.length ?? 0), title.length))
}

/** On one line and harmless: an engine's or a user's text may hold escape sequences, and marks that turn the direction of writing. */
export function plain(text: string): string {
  return stripVTControlCharacters(text).replace(/[\p{Cc}\u2028\u2029\u200E\u200F\u202A-\u202E\u2066-\u2069]+/gu, ' ')
}

export function indent(text: string): string {
  return text.replace(/^(?=.)/gm, '  ')
}

/** Takes from the widest column until the line fits; never from the first, whose names and ids are what one copies. */
function fit(natural: readonly number[], total: number): readonly number[] {
  const widths = [...natural]
  const length = () => widths.reduce((sum, width) => sum + width, 0) + GAP * (widths.length - 1)
  while (length() > total) {
    const width = Math.max(0, ...widths.slice(1))
    const widest = widths.indexOf(width, 1)
    if (width <= NARROWEST) break
    widths[widest] = Math.max(NARROWEST, width - (length() - total), secondWidest(widths, widest))
    if (widths[widest] === width) widths[widest] = width - 1
  }
  return widths
}

function secondWidest(widths: readonly number[], widest: number): number {
  return Math.max(...widths.filter((_, index) => index > 0 && index !== widest), NARROWEST)
}

function cut(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(width - 1, 0))}…`
}

function pad(text: string, width: number): string {
  return text.padEnd(width)
}
