import type { Kysely } from 'kysely'
import { storableJson } from '../database/storable.ts'
import type { Database } from '../database/tables.ts'
import type { EngineVersion } from '../model/game.ts'
import type { FieldChange } from './apply-plan.ts'
import type { Refusal } from './writer.ts'

/** Inserts or replaces a version. The schema refuses what games that desire it must not lose (spec 2, "Engine-version registry"). */
export async function putVersion(trx: Kysely<Database>, version: EngineVersion): Promise<void> {
  const columns = {
    image_ref: version.imageRef,
    enabled: version.enabled,
    protocol: version.protocol,
    probe: storableJson(version.probe),
    port: version.port,
    command: storableJson(version.command),
    env: storableJson(version.env),
    publish: storableJson(version.publish),
    relax: storableJson(version.relax),
  }
  const { engine, version: number } = version
  await trx
    .insertInto('engine_versions')
    .values({ engine, version: number, ...columns })
    .onConflict((conflict) => conflict.columns(['engine', 'version']).doUpdateSet(columns))
    .execute()
}

/** Games that desire a version, by id. */
export async function versionUsers(db: Kysely<Database>, engine: string, version: string): Promise<readonly string[]> {
  const rows = await db
    .selectFrom('desired_games')
    .select('game_id')
    .where('engine', '=', engine)
    .where('engine_version', '=', version)
    .orderBy('game_id')
    .execute()
  return rows.map((row) => row.game_id)
}

const HELD: ReadonlySet<string> = new Set(['image', 'protocol', 'command', 'env'])

/** What the schema's trigger will say to such a change, for a dry run. */
export async function foreseeRefusal(
  db: Kysely<Database>,
  version: EngineVersion,
  changes: readonly FieldChange[],
): Promise<Refusal | null> {
  return changes.some((change) => HELD.has(change.path)) ? inUse(db, version) : null
}

/** What the schema's trigger will say when a version goes, or its image; null when no game desires it. */
export async function inUse(db: Kysely<Database>, { engine, version }: Pick<EngineVersion, 'engine' | 'version'>): Promise<Refusal | null> {
  const users = await versionUsers(db, engine, version)
  if (users.length === 0) return null
  const message = `engine version ${engine} ${version} is desired by ${users.join(', ').slice(0, 500)}`
  return { kind: 'refused', code: 'conflict', message: `${message}; register a new version and patch the games to it, or disable this one` }
}
