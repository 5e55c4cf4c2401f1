import { type Kysely, sql } from 'kysely'
import type { Database } from '../../database/tables.ts'
import { sourceOf } from './prune.ts'

/** The document of the watched folder that asks for a game. */
export interface Holder {
  /** `manifests/andromeda.yaml:4`. */
  readonly place: string
  /** `manifest:<root>` while the game's row is the root's, and not on its way out; else null. */
  readonly owner: string | null
}

/** By game, as the active controller last read the folder; games that no watched document asks for are left out. */
export async function holdersOf(db: Kysely<Database>, gameIds: readonly string[]): Promise<ReadonlyMap<string, Holder>> {
  const rows = await db
    .selectFrom('manifest_documents as d')
    .innerJoin('manifest_roots as r', 'r.root', 'd.root')
    .leftJoin('desired_games as g', 'g.game_id', 'd.name')
    .select(['d.name', 'd.root', 'd.path', 'd.line', 'g.managed_by', 'g.deleted_at'])
    .where('d.kind', '=', 'Game')
    .where('d.missing_since', 'is', null)
    .where('d.name', '=', sql<string>`ANY(${gameIds}::text[])`)
    .execute()
  return new Map(
    rows.map(({ name, root, path, line, managed_by, deleted_at }) => [
      name,
      { place: `${root}/${path}:${line}`, owner: managed_by === sourceOf(root) && deleted_at === null ? managed_by : null },
    ]),
  )
}
