import type { OutboxEventAnswer, OutboxState } from '../api/reads/outbox.ts'
import type { ReplayAnswer } from '../api/routes/outbox.ts'
import { ageOf } from './age.ts'
import type { ApiClient, Wire } from './client.ts'
import type { Output } from './options.ts'
import { paint, printListing } from './output.ts'
import type { Column } from './table.ts'
import { printLine, type Terminal } from './terminal.ts'

export interface OutboxListOptions {
  readonly game: string | null
  readonly state: OutboxState | null
  readonly limit: number
  readonly output: Output
}

type OutboxEvent = Wire<OutboxEventAnswer>

/** `galaxy outbox list`. */
export async function listOutbox(terminal: Terminal, client: ApiClient, { game, state, limit, output }: OutboxListOptions): Promise<void> {
  const query = new URLSearchParams({ limit: String(limit), ...(game !== null && { game }), ...(state !== null && { state }) })
  const answer = await client.call<{ readonly items: readonly OutboxEventAnswer[] }>('GET', `/outbox?${query.toString()}`)
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
    const { type, game } = await client.call<OutboxEventAnswer>('POST', `/outbox/${encodeURIComponent(id)}/replay?dryRun=${dryRun}`)
    printLine(terminal, `outbox/${id} (${type} of ${game}) ${dryRun ? 'would be sent again (dry run)' : 'is sent again'}`)
  }
}

/** `galaxy outbox replay --game ID` and `--all-dead`; null means all games. */
export async function replayDead(terminal: Terminal, client: ApiClient, game: string | null, dryRun: boolean): Promise<void> {
  const query = new URLSearchParams({ dryRun: String(dryRun), ...(game !== null && { game }) })
  const { replayed } = await client.call<ReplayAnswer>('POST', `/outbox/replay?${query.toString()}`)
  const events = replayed === 1 ? '1 event' : `${replayed} events`
  printLine(terminal, `${events} ${dryRun ? 'would be sent again (dry run)' : 'will be sent again'}`)
}
