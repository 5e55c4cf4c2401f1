import { type Kysely, sql } from 'kysely'
import type { Database } from '../../database/tables.ts'
import type { FieldRequirement } from '../field-selector.ts'
import type { LabelRequirement } from '../label-selector.ts'
import { matchesField } from './game-fields.ts'
import { MAPPED_PLAYERS, readGamePage, ROW_VERSION, SERVER, versionsOf } from './game-page.ts'

export type GameRow = Awaited<ReturnType<ReturnType<typeof selectGames>['executeTakeFirstOrThrow']>>

export interface GameQuery {
  readonly limit: number
  /** Id of the last game of the page before. */
  readonly continue?: string | undefined
  readonly labelSelector?: readonly LabelRequirement[] | undefined
  readonly fieldSelector?: readonly FieldRequirement[] | undefined
}

/** Games in the order of their ids, one more than asked for when there are more. */
export async function listGames(db: Kysely<Database>, page: GameQuery): Promise<readonly GameRow[]> {
  if (page.labelSelector === undefined && page.fieldSelector === undefined) return allGames(db, page)
  let query = selectGames(db)
    .orderBy('g.game_id')
    .limit(page.limit + 1)
  if (page.continue !== undefined) query = query.where('g.game_id', '>', page.continue)
  for (const requirement of page.labelSelector ?? []) query = query.where(matches(requirement))
  for (const requirement of page.fieldSelector ?? []) query = query.where(matchesField(requirement))
  return query.execute()
}

async function allGames(db: Kysely<Database>, { continue: after = '', limit }: GameQuery): Promise<readonly GameRow[]> {
  const games = versionsOf(await readGamePage(db, after, limit + 1))
  const found = await findGames(
    db,
    games.map(({ gameId }) => gameId),
  )
  const rows = new Map(found.map((row) => [row.game_id, row]))
  return games.flatMap(({ gameId }) => rows.get(gameId) ?? [])
}

/** Those of the games that there are, in no order. */
export async function findGames(db: Kysely<Database>, gameIds: readonly string[]): Promise<readonly GameRow[]> {
  return selectGames(db).where('g.game_id', '=', sql<string>`ANY(${gameIds}::text[])`).execute()
}

export async function findGame(db: Kysely<Database>, gameId: string): Promise<GameRow | null> {
  return (await selectGames(db).where('g.game_id', '=', gameId).executeTakeFirst()) ?? null
}

export async function isGame(db: Kysely<Database>, gameId: string): Promise<boolean> {
  return (await db.selectFrom('games').select('game_id').where('game_id', '=', gameId).executeTakeFirst()) !== undefined
}

const OF_RECORD = [
  'r.current_image_id',
  'r.state_path',
  'r.docker_network',
  'r.applied_resources',
  'r.started_at',
  'r.stopped_at',
  'r.finished_at',
  'r.current_turn',
  'r.paused as record_paused',
  'r.paused_at',
  'r.skip_next_tick',
] as const

function selectGames(db: Kysely<Database>) {
  return db
    .selectFrom('games as g')
    .leftJoin('desired_games as d', 'd.game_id', 'g.game_id')
    .leftJoin('game_status as s', 's.game_id', 'g.game_id')
    .leftJoin('runtime_records as r', 'r.uid', 'g.record_uid')
    .select([
      'g.game_id',
      'g.engine',
      'g.engine_version',
      'g.image_ref',
      'g.desired_state',
      'g.managed_by',
      'g.generation',
      'g.deleted_at',
      'g.observed_generation',
      'g.accepted_spec',
      'g.record_uid',
      'g.status',
      'g.current_container_id',
      'g.current_image_ref',
      'g.current_engine_version',
      'g.engine_endpoint',
      'g.engine_health',
      'g.ready',
      'g.conditions',
      'g.observed_at',
      'g.observed_from',
      'g.fresh',
      'd.stop_reason',
      'd.paused',
      'd.turn_schedule',
      'd.time_zone',
      'd.players',
      'd.cpus',
      'd.memory',
      'd.pids',
      'd.allow_incompatible_to',
      'd.labels',
      'd.resource_version',
      'd.created_at',
      'd.updated_at',
      'd.purge_state',
      'd.written_by',
      'd.written_ref',
      's.accepted_generation',
      's.backoff',
    ])
    .select([SERVER.as('server'), ROW_VERSION.as('row_version')])
    .select(OF_RECORD)
    .select(MAPPED_PLAYERS.as('mapped_players'))
}

function matches(requirement: LabelRequirement) {
  const value = sql<string | null>`coalesce(d.labels, '{}') ->> ${requirement.key}`
  switch (requirement.kind) {
    case 'equals':
      return sql<boolean>`${value} = ${requirement.value}`
    case 'differs':
      return sql<boolean>`${value} IS DISTINCT FROM ${requirement.value}`
    case 'present':
      return sql<boolean>`${value} IS NOT NULL`
    case 'absent':
      return sql<boolean>`${value} IS NULL`
  }
}
