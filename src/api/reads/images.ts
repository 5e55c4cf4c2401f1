import { type Kysely, sql } from 'kysely'
import type { Database } from '../../database/tables.ts'
import { DEFAULT_ENGINE } from '../../desired/manifest/document.ts'
import type { ImagePolicy } from '../../desired/resolve-image.ts'
import { type EngineImage, engineImages, type ImageNaming, templateRepositories, versionRef } from '../../desired/versions-images.ts'
import type { HostImages } from '../../model/image.ts'

/** Every engine image of the host, and what needs it (spec 4, "Cleanup"). */
export async function listEngineImages(db: Kysely<Database>, policy: ImagePolicy, host: HostImages): Promise<readonly EngineImage[]> {
  const rows = await readRows(db)
  const engines = new Set([DEFAULT_ENGINE, ...rows.versions.map(({ engine }) => engine), ...rows.games.map(({ engine }) => engine)])
  return engineImages(host, namingsOf(rows, policy), templateRepositories(engines, policy))
}

type Rows = Awaited<ReturnType<typeof readRows>>

/** Plain columns: a row that can't be parsed otherwise needs its image all the same. */
async function readRows(db: Kysely<Database>) {
  const [versions, games, accepted, records] = await Promise.all([
    db.selectFrom('engine_versions').select(['engine', 'version', 'image_ref', 'enabled']).execute(),
    db.selectFrom('desired_games').select(['game_id', 'engine', 'engine_version', 'image_ref', 'deleted_at']).execute(),
    db
      .selectFrom('game_status')
      .select([
        'game_id',
        sql<string | null>`accepted_spec ->> 'imageRef'`.as('ref'),
        sql<string | null>`accepted_spec ->> 'imageId'`.as('id'),
      ])
      .where('accepted_spec', 'is not', null)
      .execute(),
    db.selectFrom('runtime_records').select(['current_image_ref as ref', 'current_image_id as id']).distinct().execute(),
  ])
  return { versions, games, accepted, records }
}

function namingsOf({ versions, games, accepted, records }: Rows, policy: ImagePolicy): readonly ImageNaming[] {
  const byKey = new Map(versions.map((row) => [`${row.engine}/${row.version}`, row]))
  const desired = new Set(games.filter(({ deleted_at }) => deleted_at === null).map(({ game_id }) => game_id))
  const gameNeed = (gameId: string) => (desired.has(gameId) ? ({ kind: 'Game', name: gameId } as const) : null)
  return [
    ...versions.map((row): ImageNaming => {
      const need = row.enabled ? ({ kind: 'EngineVersion', name: `${row.engine}/${row.version}` } as const) : null
      return { ref: versionRef(row, policy), id: null, need }
    }),
    ...games.map((row): ImageNaming => {
      const version = byKey.get(`${row.engine}/${row.engine_version}`)
      const ref = row.image_ref ?? (version === undefined ? null : versionRef(version, policy))
      return { ref, id: null, need: gameNeed(row.game_id) }
    }),
    // Pinned by id: the tag may mean another image by now, and a recreation uses this one.
    ...accepted.map(({ game_id, ref, id }): ImageNaming => ({ ref, id, need: gameNeed(game_id) })),
    ...records.map(({ ref, id }): ImageNaming => ({ ref, id, need: null })),
  ]
}
