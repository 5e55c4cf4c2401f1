import { ageOf } from './age.ts'
import type { HealthEvent } from './api-types.ts'
import type { ApiClient } from './client.ts'
import type { Output } from './options.ts'
import { printListing } from './output.ts'
import type { Column } from './table.ts'
import type { Terminal } from './terminal.ts'

export interface EventOptions {
  readonly output: Output
  readonly limit: number
}

/** `galaxy events GAME`: what was seen of its container and engine, newest first. */
export async function listEvents(terminal: Terminal, client: ApiClient, game: string, { output, limit }: EventOptions): Promise<void> {
  const answer = await client.call('GET /games/{id}/events', { path: { id: game }, query: { limit } })
  await printListing(terminal, output, {
    answer,
    rows: answer.items,
    columns: columnsAt(Date.now()),
    name: ({ id }) => `event/${id}`,
    empty: `no events of game ${game} found`,
  })
}

function columnsAt(nowMs: number): readonly Column<HealthEvent>[] {
  return [
    { title: 'AGE', value: ({ observedAt }) => ageOf(observedAt, nowMs) },
    { title: 'EVENT', value: ({ type }) => type },
    { title: 'CONTAINER', value: ({ containerId }) => containerId?.slice(0, 12) ?? null },
    { title: 'DETAIL', value: ({ detail }) => detailText(detail) },
    { title: 'ID', isWide: true, value: ({ id }) => String(id) },
  ]
}

function detailText(detail: unknown): string | null {
  if (typeof detail !== 'object' || detail === null) return null
  const parts = Object.entries(detail).map(([name, value]) => `${name}: ${typeof value === 'string' ? value : JSON.stringify(value)}`)
  return parts.length === 0 ? null : parts.join(', ')
}
