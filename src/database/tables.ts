import type { ColumnType, Generated, GeneratedAlways } from 'kysely'
import type { HealthSnapshotsTable, OutboxTable, PlayerMappingsTable, TurnsTable } from './life-tables.ts'
import type { DesiredChangesTable } from './change-table.ts'
import type { AdoptedDeploymentsTable } from './adopted-table.ts'
import type { ApiTokensTable } from './token-table.ts'
import type { WatchChangesTable, WatchStateTable } from './watch-tables.ts'

/**
 * Tables and views of `migrations/`, as the pool's type parsers deliver them: `timestamptz` as Date, `bigint` and
 * `numeric` as number, `xid8` as decimal text, `jsonb` parsed but not yet checked.
 */
export interface Database {
  deployment: DeploymentTable
  engine_versions: EngineVersionsTable
  desired_games: DesiredGamesTable
  controller_leases: ControllerLeasesTable
  game_status: GameStatusTable
  runtime_records: RuntimeRecordsTable
  operation_log: OperationLogTable
  operation_actions: OperationActionsTable
  health_events: HealthEventsTable
  notification_intents: NotificationIntentsTable
  player_mappings: PlayerMappingsTable
  turns: TurnsTable
  health_snapshots: HealthSnapshotsTable
  outbox: OutboxTable
  manifest_roots: ManifestRootsTable
  manifest_files: ManifestFilesTable
  manifest_documents: ManifestDocumentsTable
  api_tokens: ApiTokensTable
  adopted_deployments: AdoptedDeploymentsTable
  desired_changes: DesiredChangesTable
  watch_changes: WatchChangesTable
  watch_state: WatchStateTable
  games: GamesView
}

/** Read as parsed JSON, written as JSON text: pg would write an array as a Postgres array. */
export type Json = ColumnType<unknown, string, string>
type NullableJson = ColumnType<unknown, string | null | undefined, string | null>
export type DefaultJson = ColumnType<unknown, string | undefined, string>

export interface DeploymentTable {
  singleton: Generated<boolean>
  id: Generated<string>
  instance: string | null
  created_at: Generated<Date>
}

export interface EngineVersionsTable {
  engine: Generated<string>
  version: string
  image_ref: string | null
  enabled: Generated<boolean>
  protocol: Generated<string>
  probe: NullableJson
  port: Generated<number>
  command: NullableJson
  env: NullableJson
  publish: NullableJson
  relax: NullableJson
  created_at: Generated<Date>
  updated_at: Generated<Date>
}

export interface DesiredGamesTable {
  game_id: string
  engine: Generated<string>
  engine_version: string | null
  image_ref: string | null
  state: Generated<string>
  stop_reason: string | null
  paused: Generated<boolean>
  turn_schedule: string | null
  time_zone: Generated<string>
  players: DefaultJson
  cpus: number | null
  memory: string | null
  pids: number | null
  restart_token: string | null
  turn_token: string | null
  allow_incompatible_to: string | null
  labels: DefaultJson
  managed_by: Generated<string>
  generation: Generated<number>
  resource_version: Generated<number>
  deleted_at: Date | null
  purge_state: Generated<boolean>
  created_at: Generated<Date>
  updated_at: Generated<Date>
  written_by: Generated<string>
  written_ref: string | null
  written_xid: Generated<string>
}

export interface ControllerLeasesTable {
  instance: string
  holder: string
  epoch: number
  expires_at: Date
  renewed_at: Date
  observed_at: Date | null
  stale_after: Generated<unknown>
  unseen_games: Generated<string[]>
}

export interface GameStatusTable {
  game_id: string
  accepted_spec: NullableJson
  accepted_generation: number | null
  observed_generation: Generated<number>
  handled_restart_token: string | null
  handled_turn_token: string | null
  conditions: DefaultJson
  backoff: NullableJson
  state_engine: string | null
  state_version: string | null
  state_image_ref: string | null
  state_incarnation: Generated<number>
  observed_at: Date | null
  observed_from: string | null
  updated_at: Generated<Date>
}

export interface RuntimeRecordsTable {
  uid: string
  game_id: string
  status: string
  current_container_id: string | null
  current_image_ref: string | null
  current_image_id: string | null
  current_engine_version: string | null
  engine_endpoint: string
  state_path: string
  docker_network: string
  applied_resources: NullableJson
  turn_schedule: string | null
  current_turn: number | null
  paused: Generated<boolean>
  paused_at: Date | null
  skip_next_tick: Generated<boolean>
  engine_health: Generated<string>
  started_at: Date | null
  stopped_at: Date | null
  finished_at: Date | null
  finished_generation: number | null
  time_zone: string | null
  ticks_after: Date | null
  removed_at: Date | null
  last_op_at: Date
  created_at: Date
  updated_at: Generated<Date>
}

export interface OperationLogTable {
  operation_id: string
  game_id: string
  op: string
  op_detail: string | null
  source: string
  source_ref: string | null
  status: string
  generation: number | null
  cause: string
  image_ref: string | null
  container_id: string | null
  error_code: string | null
  error_message: string | null
  lease_epoch: number | null
  queued_at: Date | null
  started_at: Date | null
  finished_at: Date | null
}

export interface OperationActionsTable {
  operation_id: string
  seq: number
  kind: string
  target: string
  reason: string
  intent_at: Generated<Date>
  outcome: string | null
  error: string | null
  duration_ms: number | null
  result: NullableJson
}

export interface HealthEventsTable {
  id: GeneratedAlways<number>
  game_id: string
  type: string
  container_id: string | null
  detail: DefaultJson
  observed_at: Generated<Date>
}

export interface NotificationIntentsTable {
  idempotency_key: string
  type: string
  game_id: string
  generation: number
  error_code: string
  payload: Json
  created_at: Generated<Date>
}

export interface ManifestFilesTable {
  root: string
  path: string
  content_hash: string
  problems: DefaultJson
  missing_since: Date | null
  missing_scans: Generated<number>
  changed_at: Generated<Date>
}

export interface ManifestRootsTable {
  root: string
  dir: string
  problem: string | null
  changed_at: Generated<Date>
}

export interface ManifestDocumentsTable {
  root: string
  kind: string
  name: string
  path: string
  line: number
  document: Json
  missing_since: Date | null
  missing_scans: Generated<number>
  waiting: string | null
}

/** One row per game that is desired or has a live record; columns of the missing side are null. */
export interface GamesView {
  game_id: string
  engine: string | null
  engine_version: string | null
  image_ref: string | null
  desired_state: string | null
  managed_by: string | null
  generation: number | null
  deleted_at: Date | null
  observed_generation: number | null
  accepted_spec: unknown
  record_uid: string | null
  status: string | null
  current_container_id: string | null
  current_image_ref: string | null
  current_engine_version: string | null
  engine_endpoint: string | null
  /** Null where the game has no live record. */
  engine_health: string | null
  ready: 'True' | 'False' | 'Unknown'
  conditions: unknown
  observed_at: Date | null
  observed_from: string | null
  fresh: boolean
}
