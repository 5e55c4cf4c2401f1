import { setTimeout as delay } from 'node:timers/promises'
import { formatMemory } from '../model/limits.ts'
import type { GameUsage as Usage } from './api-types.ts'
import type { ApiClient } from './client.ts'
import { CliError } from './exit.ts'
import type { Output } from './options.ts'
import { printListing, tableStyle } from './output.ts'
import { Redrawn } from './redrawn.ts'
import { type Column, renderTable } from './table.ts'
import type { Terminal } from './terminal.ts'

export interface TopOptions {
  /** Empty: all. */
  readonly names: readonly string[]
  readonly sortBy: 'cpu' | 'memory' | 'name'
  readonly output: Output
  /** Drawn anew in its place until it is ended; else once. */
  readonly isRedrawn: boolean
  /** Between two readings, in ms. */
  readonly everyMs: number
  readonly signal?: AbortSignal
}

/** What a game uses now: two readings of its container, of which rates are made. */
interface Row {
  readonly name: string
  /** 1 is one core. */
  readonly cores: number
  readonly usage: Usage
  readonly receivedPerS: number
  readonly sentPerS: number
}

/** `galaxy top`. */
export async function top(terminal: Terminal, client: ApiClient, options: TopOptions): Promise<void> {
  const place = new Redrawn(terminal)
  const isOver = () => options.signal?.aborted === true
  let before = await read(client, options)
  if (before.length === 0 && options.names.length > 0)
    throw new CliError(`nothing runs of ${options.names.join(', ')}; galaxy get games lists them`)
  while (!isOver()) {
    await delay(options.everyMs, undefined, options.signal === undefined ? {} : { signal: options.signal }).catch(() => undefined)
    if (isOver()) return
    const now = await read(client, options)
    const rows = rowsOf(before, now).sort(order(options.sortBy))
    if (!options.isRedrawn) return printOnce(terminal, rows, options.output)
    const table = renderTable(rows, COLUMNS, tableStyle(terminal, options.output === 'wide'))
    place.draw(rows.length === 0 ? [NOTHING] : table.split('\n'))
    before = now
  }
}

const NOTHING = 'no game runs'

function printOnce(terminal: Terminal, rows: readonly Row[], output: Output): Promise<void> {
  return printListing(terminal, output, {
    answer: { kind: 'TopList', items: rows.map(({ usage, ...rates }) => ({ ...usage, ...rates })) },
    rows,
    columns: COLUMNS,
    name: ({ name }) => `game/${name}`,
    empty: NOTHING,
  })
}

async function read(client: ApiClient, { names }: TopOptions): Promise<readonly Usage[]> {
  const { items } = await client.call('GET /usage', {})
  return items.filter(({ game }) => names.length === 0 || names.includes(game))
}

/** A container that was started meanwhile has no rates yet. */
function rowsOf(before: readonly Usage[], now: readonly Usage[]): Row[] {
  const earlier = new Map(before.map((usage) => [usage.containerId, usage]))
  return now.map((usage) => {
    const first = earlier.get(usage.containerId) ?? usage
    const seconds = (Date.parse(usage.readAt) - Date.parse(first.readAt)) / 1_000
    const rate = (of: 'cpuSeconds' | 'receivedBytes' | 'sentBytes') => (seconds > 0 ? Math.max(0, usage[of] - first[of]) / seconds : 0)
    return { name: usage.game, usage, cores: rate('cpuSeconds'), receivedPerS: rate('receivedBytes'), sentPerS: rate('sentBytes') }
  })
}

function order(sortBy: TopOptions['sortBy']): (a: Row, b: Row) => number {
  const byName = (a: Row, b: Row) => (a.name < b.name ? -1 : 1)
  if (sortBy === 'name') return byName
  const of = ({ cores, usage }: Row) => (sortBy === 'cpu' ? cores : usage.memoryBytes)
  return (a, b) => of(b) - of(a) || byName(a, b)
}

const COLUMNS: readonly Column<Row>[] = [
  { title: 'NAME', value: ({ name }) => name },
  { title: 'CPU', value: ({ cores }) => `${(cores * 100).toFixed(1)}%` },
  { title: 'MEMORY', value: ({ usage }) => bytesText(usage.memoryBytes) },
  { title: 'LIMIT', value: ({ usage }) => (usage.memoryLimitBytes === null ? null : bytesText(usage.memoryLimitBytes)) },
  { title: 'PIDS', value: ({ usage }) => String(usage.pids) },
  { title: 'RECEIVED/S', value: ({ receivedPerS }) => bytesText(receivedPerS) },
  { title: 'SENT/S', value: ({ sentPerS }) => bytesText(sentPerS) },
]

/** In the units of manifests, to a tenth. */
function bytesText(bytes: number): string {
  if (bytes < 1024) return `${Math.round(bytes)}`
  const whole = formatMemory(Math.round(bytes))
  if (whole.length <= 6 && whole.endsWith('i')) return whole
  const unit = bytes >= 1024 ** 3 ? 3 : bytes >= 1024 ** 2 ? 2 : 1
  return `${(bytes / 1024 ** unit).toFixed(1)}${['', 'Ki', 'Mi', 'Gi'][unit] ?? ''}`
}
