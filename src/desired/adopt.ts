import { type Kysely, sql } from 'kysely'
import type { Database } from '../database/tables.ts'
import type { ObservedContainer } from '../model/observed.ts'

/**
 * Makes the desired row of an orphan, as it runs: `managed_by reconciler`, so that anyone may take it over without force.
 * A row that has come meanwhile wins. Only under the current lease: a former holder could bring back what was deleted since.
 */
export async function adoptOrphan(db: Kysely<Database>, gameId: string, container: ObservedContainer): Promise<void> {
  const { labels } = container
  const imageRef = labels.engineImageRef ?? container.imageRef
  await sql`
    WITH writer AS (SELECT set_config('galaxy.source', 'reconciler', true), set_config('galaxy.source_ref', ${`container:${container.id}`}, true)),
      -- Changes nothing, but stands under the fence, and takes the insert with it.
      fenced AS (UPDATE game_status SET updated_at = updated_at WHERE false)
    INSERT INTO desired_games (game_id, engine, engine_version, image_ref)
    SELECT ${gameId}, ${labels.engine ?? 'galaxy'}, ${labels.engineVersion}, ${imageRef} FROM writer
    ON CONFLICT (game_id) DO NOTHING`.execute(db)
}
