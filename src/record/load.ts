import { type Kysely, type Selectable, sql } from 'kysely'
import type { Database, GameStatusTable, OperationLogTable, RuntimeRecordsTable } from '../database/tables.ts'
import type { OpenIntent, Operation, QueuedOperation } from '../model/operation.ts'
import type { Maxima, PlayerMapping } from '../model/engine.ts'
import type { EngineHealth, RecordStatus, RuntimeRecord } from '../model/record.ts'
import { type GameStatus, NEW_STATUS } from '../model/status.ts'
import type { OpenTurn } from '../model/turn.ts'
import { anyOf } from './any-of.ts'
import { loadQueued } from './load-queued.ts'
import { loadComputedTurns, loadMappings, loadMaxima, loadOpenTurns } from './load-life.ts'
import { parseAcceptedSpec, parseBackoff, parseConditions, parseLimits } from './stored-json.ts'

/** What the database knows of a game beside its desired row. */
export interface StoredGame {
  readonly gameId: string
  readonly status: GameStatus
  /** The live one; null before the first start and after a removal. */
  readonly record: RuntimeRecord | null
  /** Left open by a crash, or by another term. */
  readonly openOperation: Operation | null
  readonly queued: readonly QueuedOperation[]
  /** The ledger's row that has not ended. */
  readonly openTurn: OpenTurn | null
  /** The highest that the ledger has of this incarnation of the state. */
  readonly computedTurn: number | null
  readonly mapping: readonly PlayerMapping[]
  readonly maxima: Maxima
}

/** The asked games, or all, that have a status, a live record or an open operation; to be read once per term. */
export async function loadGames(db: Kysely<Database>, gameIds?: readonly string[]): Promise<readonly StoredGame[]> {
  const [statuses, records, operations, queued, turns, computed, mappings, maxima] = await Promise.all([
    loadStatuses(db, gameIds),
    loadRecords(db, gameIds),
    loadOpenOperations(db, gameIds),
    loadQueued(db, gameIds),
    loadOpenTurns(db, gameIds),
    loadComputedTurns(db, gameIds),
    loadMappings(db, gameIds),
    loadMaxima(db, gameIds),
  ])
  const found = new Set([...statuses.keys(), ...records.keys(), ...operations.keys(), ...queued.keys()])
  return [...found].sort().map((gameId) => ({
    gameId,
    status: statuses.get(gameId) ?? NEW_STATUS,
    record: records.get(gameId) ?? null,
    openOperation: operations.get(gameId) ?? null,
    queued: queued.get(gameId) ?? [],
    openTurn: turns.get(gameId) ?? null,
    computedTurn: computed.get(gameId) ?? null,
    mapping: mappings.get(gameId) ?? [],
    maxima: maxima.get(gameId) ?? {},
  }))
}

async function loadStatuses(db: Kysely<Database>, gameIds: readonly string[] | undefined): Promise<ReadonlyMap<string, GameStatus>> {
  const rows = await db
    .selectFrom('game_status')
    .selectAll()
    .$if(gameIds !== undefined, (query) => query.where('game_id', '=', anyOf(gameIds)))
    .execute()
  return new Map(rows.map((row) => [row.game_id, toStatus(row)]))
}

async function loadRecords(db: Kysely<Database>, gameIds: readonly string[] | undefined): Promise<ReadonlyMap<string, RuntimeRecord>> {
  const rows = await db
    .selectFrom('runtime_records')
    .selectAll()
    .where('status', '<>', 'removed')
    .$if(gameIds !== undefined, (query) => query.where('game_id', '=', anyOf(gameIds)))
    .execute()
  return new Map(rows.map((row) => [row.game_id, toRecord(row)]))
}

async function loadOpenOperations(db: Kysely<Database>, gameIds: readonly string[] | undefined): Promise<ReadonlyMap<string, Operation>> {
  const rows = await db
    .selectFrom('operation_log as l')
    .select(['operation_id', 'game_id', 'op', 'op_detail', 'source', 'source_ref', 'generation', 'cause', 'started_at'])
    .select([
      sql<number>`(SELECT count(*) FROM operation_actions a WHERE a.operation_id = l.operation_id)`.as('action_count'),
      sql<boolean>`EXISTS (SELECT FROM operation_actions a
        WHERE a.operation_id = l.operation_id AND a.kind = 'start_container' AND a.outcome = 'succeeded')`.as('has_started'),
      sql<readonly OpenIntent[]>`(
        SELECT coalesce(jsonb_agg(jsonb_build_object('seq', a.seq, 'kind', a.kind, 'target', a.target) ORDER BY a.seq), '[]')
          FROM operation_actions a WHERE a.operation_id = l.operation_id AND a.outcome IS NULL)`.as('open_intents'),
    ])
    .where('status', '=', 'running')
    .$if(gameIds !== undefined, (query) => query.where('game_id', '=', anyOf(gameIds)))
    .execute()
  return new Map(rows.map((row) => [row.game_id, toOperation(row)]))
}

function toStatus(row: Selectable<GameStatusTable>): GameStatus {
  return {
    acceptedSpec: parseAcceptedSpec(row.accepted_spec),
    acceptedGeneration: row.accepted_generation,
    observedGeneration: row.observed_generation,
    handledRestartToken: row.handled_restart_token,
    handledTurnToken: row.handled_turn_token,
    conditions: parseConditions(row.conditions),
    backoff: parseBackoff(row.backoff),
    stateEngine: row.state_engine,
    stateVersion: row.state_version,
    stateImageRef: row.state_image_ref,
    stateIncarnation: row.state_incarnation,
    // A CHECK holds it to the four words.
    observedFrom: row.observed_from as GameStatus['observedFrom'],
  }
}

function toRecord(row: Selectable<RuntimeRecordsTable>): RuntimeRecord {
  return {
    uid: row.uid,
    gameId: row.game_id,
    // CHECK constraints hold status and health to the model's words.
    status: row.status as RecordStatus,
    containerId: row.current_container_id,
    imageRef: row.current_image_ref,
    imageId: row.current_image_id,
    engineVersion: row.current_engine_version,
    endpoint: row.engine_endpoint,
    statePath: row.state_path,
    network: row.docker_network,
    limits: parseLimits(row.applied_resources),
    turnSchedule: row.turn_schedule,
    timeZone: row.time_zone,
    ticksAfter: row.ticks_after,
    currentTurn: row.current_turn,
    skipNextTick: row.skip_next_tick,
    paused: row.paused,
    pausedAt: row.paused_at,
    health: row.engine_health as EngineHealth,
    startedAt: row.started_at,
    stoppedAt: row.stopped_at,
    finishedAt: row.finished_at,
    finishedGeneration: row.finished_generation,
    removedAt: row.removed_at,
    lastOpAt: row.last_op_at,
    createdAt: row.created_at,
  }
}

type OpenOperationRow = Pick<
  Selectable<OperationLogTable>,
  'operation_id' | 'game_id' | 'op' | 'op_detail' | 'source' | 'source_ref' | 'generation' | 'cause' | 'started_at'
> & { readonly action_count: number; readonly has_started: boolean; readonly open_intents: readonly OpenIntent[] }

function toOperation(row: OpenOperationRow): Operation {
  return {
    operationId: row.operation_id,
    gameId: row.game_id,
    // CHECK constraints hold these three words to the model's lists.
    op: row.op as Operation['op'],
    detail: row.op_detail as Operation['detail'],
    source: row.source as Operation['source'],
    sourceRef: row.source_ref,
    generation: row.generation,
    cause: row.cause,
    // A CHECK gives every running operation its start.
    startedAt: row.started_at as Date,
    actionCount: row.action_count,
    hasStarted: row.has_started,
    openIntents: row.open_intents,
  }
}
