import type { ColumnType, Generated } from 'kysely'

/** What the watch tells of: `migrations/0010_watch.sql`. Written by triggers alone. */
export interface WatchChangesTable {
  id: Generated<number>
  kind: 'game' | 'operation' | 'turn'
  game_id: string
  object_id: string | null
  changed_at: Generated<Date>
  written_xid: ColumnType<string, never, never>
}

export interface WatchStateTable {
  singleton: Generated<boolean>
  horizon: Generated<string>
  wanted_until: Generated<Date>
}
