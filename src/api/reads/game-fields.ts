import { type RawBuilder, sql } from 'kysely'
import type { FieldRequirement, GameField } from '../field-selector.ts'

/** Each field's place in `selectGames`: g the view games, d the desired row, r the record. */
const PLACES: Readonly<Record<GameField, RawBuilder<unknown>>> = {
  'metadata.name': sql`g.game_id`,
  'metadata.managedBy': sql`g.managed_by`,
  'spec.engine': sql`g.engine`,
  'spec.engineVersion': sql`g.engine_version`,
  'spec.image': sql`g.image_ref`,
  'spec.state': sql`initcap(g.desired_state)`,
  'spec.stopReason': sql`d.stop_reason`,
  'spec.paused': sql`d.paused`,
  'status.status': sql`g.status`,
  'status.ready': sql`g.ready`,
  'status.engineHealth': sql`g.engine_health`,
  'status.engineVersion': sql`g.current_engine_version`,
  'status.image': sql`g.current_image_ref`,
  'status.containerId': sql`g.current_container_id`,
  'status.currentTurn': sql`r.current_turn`,
  'status.fresh': sql`g.fresh`,
}

export function matchesField({ field, kind, value }: FieldRequirement): RawBuilder<boolean> {
  const found = sql`coalesce((${PLACES[field]})::text, '')`
  return kind === 'equals' ? sql<boolean>`${found} = ${value}` : sql<boolean>`${found} <> ${value}`
}
