import type { Game } from './api-types.ts'
import type { ApiClient } from './client.ts'
import { followGames, type GameChange } from './follow-games.ts'
import { gameColumns, type GetOptions } from './get.ts'
import { tableStyle, toText } from './output.ts'
import { Redrawn } from './redrawn.ts'
import { renderTable, tableWidths } from './table.ts'
import { printLine, type Terminal, warnLine } from './terminal.ts'

export type WatchOptions = Pick<GetOptions, 'output' | 'selector' | 'fieldSelector'> & { readonly signal?: AbortSignal }

/**
 * `galaxy get games -w`: a table that is redrawn in place on a terminal; elsewhere, and in every other form, what changes line
 * by line.
 */
export async function watchGames(terminal: Terminal, client: ApiClient, names: readonly string[], options: WatchOptions): Promise<void> {
  const { output, selector, fieldSelector = null, signal } = options
  const onBreak = (reason: string) => warnLine(terminal, reason)
  const changes = followGames(client, { names, selector, fieldSelector, onBreak, ...(signal !== undefined && { signal }) })
  const isTable = output === 'table' || output === 'wide'
  if (isTable && terminal.isStdoutTty) await redraw(terminal, changes, output === 'wide')
  else if (isTable) await printRows(terminal, changes, output === 'wide')
  else await printGames(terminal, changes, output)
}

type Changes = AsyncIterable<GameChange>

const DRAW_GAP_MS = 100
/** Ages grow without a change. */
const DRAW_EVERY_MS = 10_000

async function redraw(terminal: Terminal, changes: Changes, isWide: boolean): Promise<void> {
  const games = new Map<string, Game>()
  const place = new Redrawn(terminal)
  let drawn: NodeJS.Timeout | undefined
  const draw = () => {
    drawn = undefined
    const shown = [...games.values()].sort(byName)
    const table = renderTable(shown, gameColumns(Date.now()), tableStyle(terminal, isWide))
    place.draw(shown.length === 0 ? ['no games found'] : table.split('\n'))
  }
  const ticks = setInterval(draw, DRAW_EVERY_MS)
  try {
    for await (const change of changes) {
      take(games, change)
      drawn ??= setTimeout(draw, DRAW_GAP_MS)
    }
  } finally {
    clearInterval(ticks)
    clearTimeout(drawn)
    draw()
  }
}

/** The head once, then a row for each game whose row is another than before. Columns are as wide as the first table made them. */
async function printRows(terminal: Terminal, changes: Changes, isWide: boolean): Promise<void> {
  const printed = new Map<string, string>()
  let widths: readonly number[] | null = null
  for await (const change of changes) {
    const shown = change.kind === 'listed' ? change.games : change.kind === 'changed' ? [change.game] : []
    const columns = gameColumns(Date.now())
    const isFirst = widths === null
    widths ??= tableWidths(shown, columns, isWide)
    const [head = '', ...rows] = renderTable(shown, columns, { ...tableStyle(terminal, isWide), atLeast: widths }).split('\n')
    if (isFirst) printLine(terminal, head)
    for (const [index, game] of shown.entries()) {
      const meaning = meaningOf(game)
      if (printed.get(game.metadata.name) !== meaning) printLine(terminal, rows[index] ?? '')
      printed.set(game.metadata.name, meaning)
    }
    if (change.kind === 'gone' && printed.delete(change.name)) printLine(terminal, `${change.name}   gone`)
  }
}

/** What of a game its row tells, without what merely passes. */
function meaningOf(game: Game): string {
  return JSON.stringify(gameColumns(0).map(({ title, value }) => (title === 'AGE' ? null : value(game))))
}

async function printGames(terminal: Terminal, changes: Changes, output: 'json' | 'yaml' | 'name'): Promise<void> {
  for await (const change of changes) {
    const games = change.kind === 'listed' ? change.games : change.kind === 'changed' ? [change.game] : []
    for (const game of games) {
      if (output === 'name') printLine(terminal, `game/${game.metadata.name}`)
      else if (output === 'json') printLine(terminal, JSON.stringify(game))
      else printLine(terminal, `---\n${await toText(game, 'yaml')}`)
    }
  }
}

function take(games: Map<string, Game>, change: GameChange): void {
  switch (change.kind) {
    case 'listed':
      games.clear()
      for (const game of change.games) games.set(game.metadata.name, game)
      return
    case 'changed':
      games.set(change.game.metadata.name, change.game)
      return
    case 'gone':
      games.delete(change.name)
  }
}

function byName(a: Game, b: Game): number {
  return a.metadata.name < b.metadata.name ? -1 : 1
}
