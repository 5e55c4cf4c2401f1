import { type Kysely, type RawBuilder, sql } from 'kysely'
import semver from 'semver'
import type { Database } from '../database/tables.ts'
import type { EngineVersion } from '../model/game.ts'
import { readVersions, type RowProblem } from './rows.ts'
import { inUse } from './version-row.ts'
import { orRefusal, type Refusal, writeAs, type Writer } from './writer.ts'

/** An engine version as the registry holds it, one by one: what the operators' verbs read and write. */
export interface RegisteredVersion {
  readonly version: EngineVersion
  readonly createdAt: Date
  readonly updatedAt: Date
  /** Another one after every write, for conditional writes. */
  readonly resourceVersion: string
  /** Games that desire it, by id. */
  readonly desiredBy: readonly string[]
}

export interface Registry {
  /** By engine, then from the lowest version to the highest. */
  readonly versions: readonly RegisteredVersion[]
  readonly problems: readonly RowProblem[]
}

export interface VersionKey {
  readonly engine: string
  readonly version: string
}

/** The whole registry, which is as long as the list of releases. */
export async function readRegistry(db: Kysely<Database>): Promise<Registry> {
  const [{ versions, problems }, rows, users] = await Promise.all([
    readVersions(db),
    db
      .selectFrom('engine_versions')
      .select(['engine', 'version', 'created_at', 'updated_at', writeTime().as('resource_version')])
      .execute(),
    db.selectFrom('desired_games').select(['game_id', 'engine', 'engine_version']).orderBy('game_id').execute(),
  ])
  const rowsByKey = new Map(rows.map((row) => [`${row.engine}/${row.version}`, row]))
  const usersByKey = Map.groupBy(users, (row) => `${row.engine}/${row.engine_version}`)
  const registered = versions.flatMap((version): readonly RegisteredVersion[] => {
    const key = `${version.engine}/${version.version}`
    const row = rowsByKey.get(key)
    if (row === undefined) return [] // registered between the two reads
    const desiredBy = (usersByKey.get(key) ?? []).map(({ game_id }) => game_id)
    return [{ version, createdAt: row.created_at, updatedAt: row.updated_at, resourceVersion: row.resource_version, desiredBy }]
  })
  return { versions: registered.sort((a, b) => compareKeys(a.version, b.version)), problems }
}

function compareKeys(a: VersionKey, b: VersionKey): number {
  if (a.engine !== b.engine) return a.engine < b.engine ? -1 : 1
  return semver.compareBuild(a.version, b.version)
}

/** The table has no counter of writes; its trigger sets the time of each, in microseconds. */
function writeTime(): RawBuilder<string> {
  return sql<string>`((extract(epoch FROM updated_at) * 1000000)::bigint)::text`
}

/** Null when there is no such row. */
export async function readResourceVersion(db: Kysely<Database>, key: VersionKey): Promise<string | null> {
  const row = await selectKey(db, key).executeTakeFirst()
  return row?.resource_version ?? null
}

function selectKey(db: Kysely<Database>, { engine, version }: VersionKey) {
  return db
    .selectFrom('engine_versions')
    .select(['enabled', writeTime().as('resource_version')])
    .where('engine', '=', engine)
    .where('version', '=', version)
}

export interface VersionRequest extends VersionKey, Writer {
  /** The resource version that the caller has seen; null: whatever it is. */
  readonly ifMatch: string | null
  /** Decides everything and writes nothing. */
  readonly dryRun: boolean
}

export type VersionAnswer =
  | { readonly kind: 'changed' }
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'not_found' }
  | { readonly kind: 'precondition_failed'; readonly resourceVersion: string }
  | Refusal

/** A disabled version starts no new game; running ones are left alone (spec 2, "Engine-version registry"). */
export async function setEnabled(db: Kysely<Database>, request: VersionRequest & { readonly enabled: boolean }): Promise<VersionAnswer> {
  const { engine, version, enabled } = request
  return onLockedRow(db, request, async (trx, row) => {
    if (row.enabled === enabled) return { kind: 'unchanged' }
    if (request.dryRun) return { kind: 'changed' }
    await trx.updateTable('engine_versions').set({ enabled }).where('engine', '=', engine).where('version', '=', version).execute()
    return { kind: 'changed' }
  })
}

/** Refused as `conflict` while games desire it. */
export async function deleteVersion(db: Kysely<Database>, request: VersionRequest): Promise<VersionAnswer> {
  const { engine, version } = request
  return onLockedRow(db, request, async (trx) => {
    if (request.dryRun) return (await inUse(trx, request)) ?? { kind: 'changed' }
    await trx.deleteFrom('engine_versions').where('engine', '=', engine).where('version', '=', version).execute()
    return { kind: 'changed' }
  })
}

type LockedRow = { readonly enabled: boolean; readonly resource_version: string }

async function onLockedRow(
  db: Kysely<Database>,
  request: VersionRequest,
  work: (trx: Kysely<Database>, row: LockedRow) => Promise<VersionAnswer>,
): Promise<VersionAnswer> {
  return orRefusal(() =>
    writeAs(db, request, async (trx): Promise<VersionAnswer> => {
      const row = await selectKey(trx, request).forUpdate().executeTakeFirst()
      if (row === undefined) return { kind: 'not_found' }
      if (request.ifMatch !== null && request.ifMatch !== row.resource_version) {
        return { kind: 'precondition_failed', resourceVersion: row.resource_version }
      }
      return work(trx, row)
    }),
  )
}
