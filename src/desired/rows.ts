import { type Kysely, type Selectable, sql } from 'kysely'
import { z } from 'zod'
import { commandSchema, describeProblems, envSchema, probeSchema, publishSchema, relaxSchema } from '../database/engine-json.ts'
import type { Database, DesiredGamesTable, EngineVersionsTable } from '../database/tables.ts'
import { type DesiredGame, type EngineVersion, STOP_REASONS } from '../model/game.ts'

/** A row that does not parse; what it asks for is unknown, which is not the same as nothing. */
export interface RowProblem {
  /** Game id, or `engine version`. */
  readonly key: string
  readonly problem: string
}

export interface DesiredRows {
  readonly games: readonly DesiredGame[]
  readonly problems: readonly RowProblem[]
}

export interface RegistryRows {
  readonly versions: readonly EngineVersion[]
  readonly problems: readonly RowProblem[]
}

/** The asked games' rows, or all. One bad row is reported and does not stop the others. */
export async function readDesired(db: Kysely<Database>, gameIds?: readonly string[]): Promise<DesiredRows> {
  return parseDesired(await selectDesired(db, gameIds))
}

export type DesiredRow = Selectable<DesiredGamesTable>

export async function selectDesired(db: Kysely<Database>, gameIds?: readonly string[]): Promise<readonly DesiredRow[]> {
  const query = db.selectFrom('desired_games').selectAll()
  // One array parameter, however many games: a list of parameters has a limit.
  return (gameIds === undefined ? query : query.where('game_id', '=', sql<string>`ANY(${gameIds}::text[])`)).execute()
}

export function parseDesired(rows: readonly DesiredRow[]): DesiredRows {
  const parsed = rows.map((row) => ({
    key: row.game_id,
    result: desiredSchema.safeParse(row),
  }))
  return {
    games: parsed.flatMap(({ result }) => result.data ?? []),
    problems: problemsOf(parsed),
  }
}

/** The whole registry. One bad row is reported and does not stop the others. */
export async function readVersions(db: Kysely<Database>): Promise<RegistryRows> {
  const rows = await db.selectFrom('engine_versions').selectAll().orderBy('engine').orderBy('version').execute()
  const parsed = rows.map((row) => ({
    key: `${row.engine} ${row.version}`,
    result: versionSchema.safeParse(row),
  }))
  return {
    versions: parsed.flatMap(({ result }) => result.data ?? []),
    problems: problemsOf(parsed),
  }
}

function problemsOf(
  parsed: readonly {
    readonly key: string
    readonly result: z.ZodSafeParseResult<unknown>
  }[],
): readonly RowProblem[] {
  return parsed.flatMap(({ key, result }) => (result.success ? [] : [{ key, problem: describeProblems(result.error) }]))
}

/** A label's value that is not text is taken as its JSON. */
const labelSchema = z.unknown().transform((value) => (typeof value === 'string' ? value : JSON.stringify(value)))

const desiredSchema = z
  .object({
    game_id: z.string(),
    engine: z.string(),
    engine_version: z.string().nullable(),
    image_ref: z.string().nullable(),
    state: z.enum(['running', 'stopped']),
    stop_reason: z.enum(STOP_REASONS).nullable(),
    paused: z.boolean(),
    turn_schedule: z.string().nullable(),
    time_zone: z.string(),
    players: z.array(z.object({ userId: z.string(), raceName: z.string() })),
    cpus: z.number().nullable(),
    memory: z.string().nullable(),
    pids: z.number().nullable(),
    restart_token: z.string().nullable(),
    turn_token: z.string().nullable(),
    allow_incompatible_to: z.string().nullable(),
    labels: z.record(z.string(), labelSchema),
    managed_by: z.string(),
    generation: z.int(),
    resource_version: z.int(),
    deleted_at: z.date().nullable(),
    purge_state: z.boolean(),
    created_at: z.date(),
    updated_at: z.date(),
    written_by: z.string(),
    written_ref: z.string().nullable(),
  } satisfies Partial<Record<keyof DesiredGamesTable, z.ZodType>>)
  .transform(
    (row): DesiredGame => ({
      gameId: row.game_id,
      engine: row.engine,
      engineVersion: row.engine_version,
      imageRef: row.image_ref,
      state: row.state,
      stopReason: row.stop_reason,
      paused: row.paused,
      turnSchedule: row.turn_schedule,
      timeZone: row.time_zone,
      players: row.players,
      cpus: row.cpus,
      memory: row.memory,
      pids: row.pids,
      restartToken: row.restart_token,
      turnToken: row.turn_token,
      allowIncompatibleTo: row.allow_incompatible_to,
      labels: row.labels,
      managedBy: row.managed_by,
      generation: row.generation,
      resourceVersion: String(row.resource_version),
      deletedAt: row.deleted_at,
      purgeState: row.purge_state,
      writtenBy: row.written_by,
      writtenRef: row.written_ref,
      createdAt: row.created_at,
      updatedAt: row.updated_at,
    }),
  )

const versionSchema = z
  .object({
    engine: z.string(),
    version: z.string(),
    image_ref: z.string().nullable(),
    enabled: z.boolean(),
    protocol: z.enum(['galaxy', 'none']),
    probe: probeSchema.nullable(),
    port: z.int(),
    command: commandSchema.nullable(),
    env: envSchema.nullable(),
    publish: publishSchema.nullable(),
    relax: relaxSchema.nullable(),
  } satisfies Partial<Record<keyof EngineVersionsTable, z.ZodType>>)
  .transform(
    (row): EngineVersion => ({
      engine: row.engine,
      version: row.version,
      imageRef: row.image_ref,
      enabled: row.enabled,
      protocol: row.protocol,
      probe: row.probe,
      port: row.port,
      command: row.command,
      env: row.env ?? {},
      publish: row.publish ?? [],
      relax: row.relax ?? {},
    }),
  )
