import type { ColumnType, Generated } from 'kysely'

/** What was changed in desired rows: `migrations/0009_desired_changes.sql`. Written by a trigger alone. */
export interface DesiredChangesTable {
  id: Generated<number>
  game_id: string
  generation: number
  changes: ColumnType<unknown, never, never>
  is_new: boolean
  written_by: string
  written_ref: string | null
  changed_at: Generated<Date>
}
