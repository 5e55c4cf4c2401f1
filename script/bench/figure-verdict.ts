import { renderTable } from '../../src/cli/table.ts'

/** What became of one figure. */
export interface FigureVerdict {
  readonly figure: string
  readonly measured: string
  readonly bound: string
  readonly hasPassed: boolean
}

export function renderFigures(verdicts: readonly FigureVerdict[]): string {
  const columns = [
    { title: 'FIGURE', value: ({ figure }: FigureVerdict) => figure },
    { title: 'MEASURED', value: ({ measured }: FigureVerdict) => measured },
    { title: 'BOUND', value: ({ bound }: FigureVerdict) => bound },
    { title: '', value: ({ hasPassed }: FigureVerdict) => (hasPassed ? 'PASS' : 'FAIL') },
  ]
  return renderTable(verdicts, columns, { columns: null, isWide: false, hasColor: false })
}
