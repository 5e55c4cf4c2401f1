import { ageOf } from './age.ts'
import type { HealthEvent } from './api-types.ts'
import type { ApiClient } from './client.ts'
import { CliError, EXIT } from './exit.ts'
import type { Listing } from './output.ts'
import type { Column } from './table.ts'

/** `galaxy events GAME`: what was seen of its container and engine, newest first. */
export async function listEvents(client: ApiClient, games: readonly string[], limit: number): Promise<Listing<HealthEvent>> {
  const [game] = games
  if (game === undefined || games.length > 1) throw new CliError('name one game: galaxy events GAME', EXIT.usage)
  const answer = await client.call('GET /games/{id}/events', { path: { id: game }, query: { limit } })
  return {
    answer,
    rows: answer.items,
    columns: columnsAt(Date.now()),
    name: ({ id }) => `event/${id}`,
    empty: `no events of game ${game} found`,
  }
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
