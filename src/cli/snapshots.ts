import { ageOf } from './age.ts'
import type { Snapshot } from './api-types.ts'
import type { ApiClient } from './client.ts'
import { CliError, EXIT } from './exit.ts'
import type { Listing } from './output.ts'
import type { Column } from './table.ts'

/** `galaxy get snapshots GAME`: what its engine said after init and every turn, newest first. */
export async function listSnapshots(client: ApiClient, games: readonly string[], limit: number): Promise<Listing<Snapshot>> {
  const [game] = games
  if (game === undefined || games.length > 1) throw new CliError('name one game: galaxy get snapshots GAME', EXIT.usage)
  const answer = await client.call('GET /games/{id}/snapshots', { path: { id: game }, query: { limit } })
  return {
    answer,
    rows: answer.items,
    columns: columnsAt(Date.now()),
    name: ({ id }) => `snapshot/${id}`,
    empty: `no snapshots of game ${game} found`,
  }
}

function columnsAt(nowMs: number): readonly Column<Snapshot>[] {
  return [
    { title: 'ID', value: ({ id }) => String(id) },
    { title: 'TURN', value: ({ turn }) => String(turn) },
    { title: 'STATUS', value: ({ runtimeStatus }) => runtimeStatus },
    { title: 'ENGINE', value: ({ engineHealth }) => engineHealth },
    { title: 'PLAYERS', value: ({ playerStats }) => String(playerStats.length) },
    { title: 'AGE', value: ({ observedAt }) => ageOf(observedAt, nowMs) },
    { title: 'INCARNATION', isWide: true, value: ({ incarnation }) => String(incarnation) },
  ]
}
