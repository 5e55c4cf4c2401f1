import type { Kysely, Selectable } from 'kysely'
import type { Database } from '../../database/tables.ts'
import { type Page, pageOf } from '../../record/queries.ts'

export type SnapshotRow = Readonly<Omit<Selectable<Database['health_snapshots']>, 'maxima' | 'written_xid'>>

export interface RowPage {
  readonly gameId: string
  readonly limit: number
  /** Id of the last row of the page before. */
  readonly before: number | null
}

/** What the engine said after init and after every turn, newest first. */
export async function listSnapshots(db: Kysely<Database>, { gameId, limit, before }: RowPage): Promise<Page<SnapshotRow, number>> {
  let query = db
    .selectFrom('health_snapshots')
    .select(['id', 'game_id', 'record_uid', 'incarnation', 'turn', 'runtime_status', 'engine_health'])
    .select(['engine_state', 'player_stats', 'observed_at'])
    .where('game_id', '=', gameId)
    .orderBy('id', 'desc')
    .limit(limit + 1)
  if (before !== null) query = query.where('id', '<', before)
  return pageOf(await query.execute(), limit, ({ id }) => id)
}

/** A snapshot as the doors show it. */
export function toSnapshot(row: SnapshotRow) {
  return {
    id: row.id,
    game: row.game_id,
    turn: row.turn,
    runtimeStatus: row.runtime_status,
    engineHealth: row.engine_health,
    observedAt: row.observed_at,
    /** As the lobby is told: `[{user_id, current_planets, current_population, max_planets, max_population}]`. */
    playerStats: row.player_stats,
    /** As the engine answered: `{turn, finished, players}`. */
    engineState: row.engine_state,
    /** Which life of the game, and of its state, it is of. */
    recordUid: row.record_uid,
    incarnation: row.incarnation,
  }
}
