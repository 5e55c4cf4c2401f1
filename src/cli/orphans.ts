import type { Orphan } from './api-types.ts'
import type { ApiClient } from './client.ts'
import { CliError } from './exit.ts'
import { type Listing, paint } from './output.ts'
import type { Column } from './table.ts'

/** `galaxy get orphans [GAME...]`: containers with our labels that are left alone. */
export async function listOrphans(client: ApiClient, games: readonly string[]): Promise<Listing<Orphan>> {
  const answer = await client.call('GET /orphans', {})
  const rows = answer.items.filter(({ game }) => games.length === 0 || games.includes(game))
  return {
    answer: { ...answer, items: rows },
    rows,
    columns: COLUMNS,
    name: ({ game }) => `orphan/${game}`,
    empty: 'no containers are left alone',
  }
}

const COLUMNS: readonly Column<Orphan>[] = [
  { title: 'GAME', value: ({ game }) => game },
  { title: 'CONTAINER', value: ({ container }) => container },
  { title: 'STATE', value: ({ state }) => state },
  { title: 'VERSION', value: ({ engineVersion }) => engineVersion },
  { title: 'ADOPT', value: adopt, paint: (text, { adoption }) => (adoption === 'refused' ? paint.red(text) : text) },
  { title: 'WHY', value: ({ why }) => why },
  { title: 'IMAGE', isWide: true, value: ({ image }) => image },
  { title: 'STATE FOLDER', isWide: true, value: ({ stateFolder }) => stateFolder },
  { title: 'DEPLOYMENT', isWide: true, value: ({ deployment }) => deployment },
]

/** What to type, where something is. */
function adopt({ adoption, game, deployment }: Orphan): string {
  switch (adoption) {
    case 'by_itself':
      return 'by itself'
    case 'on_request':
      return `adopt ${game}`
    case 'with_deployment':
      return `adopt --deployment ${deployment ?? ''}`
    case 'refused':
      return 'no'
  }
}

/** For who lists games: that there are containers which are none. Null when there are none, or nobody can tell. */
export async function tellOfOrphans(client: ApiClient): Promise<string | null> {
  try {
    const { items } = await client.call('GET /orphans', {})
    const left = items.filter(({ adoption, deployment }) => deployment === null && adoption !== 'by_itself')
    if (left.length === 0) return null
    const are = left.length === 1 ? '1 container with our labels is' : `${left.length} containers with our labels are`
    return `${are} left alone: galaxy get orphans`
  } catch (error) {
    // A standby does not know; what was asked for is told all the same.
    if (error instanceof CliError) return null
    throw error
  }
}
