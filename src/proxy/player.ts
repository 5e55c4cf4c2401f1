import { type Kysely, sql } from 'kysely'
import type { Database } from '../database/tables.ts'
import type { PlayerMapping } from '../model/engine.ts'

/** A race that a user plays, and who that is to the engine. */
export type PlayedRace = Pick<PlayerMapping, 'raceName' | 'enginePlayerId'>

export type PlayerChoice =
  | { readonly kind: 'player'; readonly enginePlayerId: string }
  /** The user plays none at all, or not the asked one. */
  | { readonly kind: 'not_theirs' }
  | { readonly kind: 'ambiguous'; readonly races: readonly string[] }

/** As whom a user acts. @param race null: the user names none, which does for one race */
export function choosePlayer(played: readonly PlayedRace[], race: string | null): PlayerChoice {
  const eligible = race === null ? played : played.filter(({ raceName }) => raceName === race)
  const [first, second] = eligible
  if (first === undefined) return { kind: 'not_theirs' }
  if (second === undefined) return { kind: 'player', enginePlayerId: first.enginePlayerId }
  return { kind: 'ambiguous', races: eligible.map(({ raceName }) => raceName) }
}

/** The races of a user in a game, as its engine was told them; empty before init, too. */
export async function playedRaces(db: Kysely<Database>, gameId: string, userId: string): Promise<readonly PlayedRace[]> {
  const rows = await db
    .selectFrom('player_mappings')
    .select(['race_name', 'engine_player_uuid'])
    .where('game_id', '=', gameId)
    .where('user_id', '=', userId)
    .orderBy(sql`race_name COLLATE "C"`)
    .execute()
  return rows.map((row) => ({ raceName: row.race_name, enginePlayerId: row.engine_player_uuid }))
}
