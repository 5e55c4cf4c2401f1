import { ageOf } from './age.ts'
import type { OutboxEvent } from './api-types.ts'
import type { ApiClient } from './client.ts'
import type { Output } from './options.ts'
import { paint, printListing } from './output.ts'
import type { Column } from './table.ts'
import { printLine, type Terminal } from './terminal.ts'

export interface OutboxListOptions {
  readonly game: string | null
  readonly state: OutboxEvent['state'] | null
  readonly limit: number
  readonly output: Output
}

/** `galaxy outbox list`. */
export async function listOutbox(terminal: Terminal, client: ApiClient, { game, state, limit, output }: OutboxListOptions): Promise<void> {
  const answer = await client.call('GET /outbox', { query: { limit, game: game ?? undefined, state: state ?? undefined } })
  await printListing(terminal, output, {
    answer,
    rows: answer.items,
    columns: columnsAt(Date.now()),
    name: ({ id }) => `outbox/${id}`,
    empty: 'no events found',
  })
}

function columnsAt(nowMs: number): readonly Column<OutboxEvent>[] {
  return [
    { title: 'ID', value: ({ id }) => String(id) },
    { title: 'GAME', value: ({ game }) => game },
    { title: 'TYPE', value: ({ type }) => type },
    { title: 'STATE', value: ({ state }) => state, paint: (text, { state }) => (state === 'dead' ? paint.red(text) : text) },
    { title: 'ATTEMPTS', value: ({ attempts }) => String(attempts) },
    { title: 'AGE', value: ({ createdAt }) => ageOf(createdAt, nowMs) },
    { title: 'LAST ERROR', value: ({ lastError }) => lastError },
    { title: 'EVENT', isWide: true, value: ({ eventId }) => eventId },
  ]
}

/** `galaxy outbox replay ID...`. */
export async function replayEvents(terminal: Terminal, client: ApiClient, ids: readonly string[], dryRun: boolean): Promise<void> {
  for (const id of ids) {
    const { type, game } = await client.call('POST /outbox/{id}/replay', { path: { id }, query: { dryRun } })
    printLine(terminal, `outbox/${id} (${type} of ${game}) ${dryRun ? 'would be sent again (dry run)' : 'is sent again'}`)
  }
}

/** `galaxy outbox replay --game ID` and `--all-dead`; null means all games. */
export async function replayDead(terminal: Terminal, client: ApiClient, game: string | null, dryRun: boolean): Promise<void> {
  const { replayed } = await client.call('POST /outbox/replay', { query: { dryRun, game: game ?? undefined } })
  const events = replayed === 1 ? '1 event' : `${replayed} events`
  printLine(terminal, `${events} ${dryRun ? 'would be sent again (dry run)' : 'will be sent again'}`)
}
