import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import { loadConfig } from '../../src/config.ts'
import { migrateToLatest } from '../../src/database/migrate.ts'
import { type DatabasePool, openPool } from '../../src/database/pool.ts'
import { startEmbeddedPostgres } from '../../src/local/embedded-postgres.ts'
import { instancePrefix } from '../../test/support/docker-leftovers.ts'
import { abandonedRunFolders, makeRunFolder, sweepRunFolder } from '../../test/support/run-folder.ts'
import { until } from '../../test/support/until.ts'
import type { ControllerTask } from './controller.ts'
import { type ControllerProcess, startController } from './start-controller.ts'
import { startStubDaemon } from './stub-daemon.ts'
import { type StubEngines, startStubEngines } from './start-stub-engines.ts'

/** A controller with as many games as are asked for, on engines and a Docker daemon that cost next to nothing. */
export interface TurnsSetting<Controller = ControllerProcess> {
  readonly database: DatabasePool
  readonly engines: StubEngines
  readonly controller: Controller
  readonly gameIds: readonly string[]
  readonly signal: AbortSignal
}

export interface TurnsSettingOptions {
  readonly games: number
  /** Settings other than the defaults, by dotted path. */
  readonly overrides: Readonly<Record<string, string>>
  readonly profileDir: string | null
}

const IMAGE = 'galaxy-bench-stub:1.0.0'
const PORT = 8080
const MOST_ENGINES = 500
const START_MS_PER_GAME = 100

/** How the setting's controller is started, which ends with the setting. */
type Start<Controller> = (task: ControllerTask, profileDir: string | null, signal: AbortSignal) => Promise<Controller>
interface Stoppable {
  stop(): Promise<void>
}

/** Runs `work` with all games running and initialised, without any schedule, and removes whatever was made. */
export async function withGames(
  options: TurnsSettingOptions,
  signal: AbortSignal,
  work: (setting: TurnsSetting) => Promise<void>,
): Promise<void> {
  await withGamesOf(startController, options, signal, work)
}

/** The same with another controller. */
export async function withGamesOf<Controller extends Stoppable>(
  start: Start<Controller>,
  options: TurnsSettingOptions,
  signal: AbortSignal,
  work: (setting: TurnsSetting<Controller>) => Promise<void>,
): Promise<void> {
  const undo = new AsyncDisposableStack()
  try {
    const setting = await prepare(undo, start, options, signal)
    await startGames(setting)
    await work(setting)
  } finally {
    await undo.disposeAsync()
  }
}

async function prepare<Controller extends Stoppable>(
  undo: AsyncDisposableStack,
  start: Start<Controller>,
  { games, overrides, profileDir }: TurnsSettingOptions,
  signal: AbortSignal,
): Promise<TurnsSetting<Controller>> {
  await Promise.all(abandonedRunFolders().map(sweepRunFolder))
  const folder = makeRunFolder()
  undo.defer(() => sweepRunFolder(folder))
  const instance = `${instancePrefix(process.pid)}turns`
  const postgres = await startEmbeddedPostgres({ dataDir: path.join(folder, 'database'), instance, signal, onProgress: () => {} })
  undo.defer(() => postgres.stop())
  await migrateToLatest(postgres.url)
  const database = openPool({ url: postgres.url, applicationName: 'bench', max: 2 })
  undo.defer(() => database.close())
  await database.pool.query("INSERT INTO engine_versions (engine, version, image_ref, port) VALUES ('stub', '1.0.0', $1, $2)", [
    IMAGE,
    PORT,
  ])

  const given = { instance, dataDir: path.join(folder, 'data'), 'engines.addressing': 'address', ...overrides }
  const { config } = loadConfig({ env: {}, cwd: folder, overrides: given })
  await mkdir(config.state.root, { recursive: true, mode: 0o700 })
  const addresses = addressesOf(Math.min(games, MOST_ENGINES))
  const engines = await startStubEngines({ addresses, port: PORT }, signal)
  undo.defer(() => engines.stop())
  const socketPath = path.join(folder, 'docker.sock')
  const daemon = await startStubDaemon({ socketPath, imageRef: IMAGE, network: config.docker.network, addresses })
  undo.defer(() => daemon.stop())
  const docker = { kind: 'socket', socketPath } as const
  const controller = await start({ overrides: given, folder, databaseUrl: postgres.url, docker }, profileDir, signal)
  undo.defer(() => controller.stop())
  return { database, engines, controller, gameIds: Array.from({ length: games }, (_, index) => `game-${index}`), signal }
}

/** Linux answers on all of 127.0.0.0/8 without being told to. */
function addressesOf(count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `127.20.${Math.floor(index / 250)}.${1 + (index % 250)}`)
}

type Games = Pick<TurnsSetting, 'database' | 'gameIds' | 'signal'>

async function startGames(setting: Games): Promise<void> {
  const { database, gameIds } = setting
  const players = ['Terran', 'Zerg'].map((raceName) => ({ userId: crypto.randomUUID(), raceName }))
  await database.pool.query(
    "INSERT INTO desired_games (game_id, engine, engine_version, players) SELECT unnest($1::text[]), 'stub', '1.0.0', $2::jsonb",
    [gameIds, JSON.stringify(players)],
  )
  await untilAll(setting, "r.status = 'running' AND r.current_turn IS NOT NULL AND s.observed_generation = d.generation")
}

/**
 * Gives every game its schedule, and waits until the controller has taken them all.
 *
 * @param schedules of the games, in the order of `gameIds`; null for none
 */
export async function schedule(setting: Games, schedules: readonly (string | null)[]): Promise<void> {
  await setting.database.pool.query(
    `UPDATE desired_games d SET turn_schedule = given.schedule
       FROM unnest($1::text[], $2::text[]) AS given (game_id, schedule) WHERE given.game_id = d.game_id`,
    [setting.gameIds, schedules],
  )
  await untilAll(setting, 'r.turn_schedule IS NOT DISTINCT FROM d.turn_schedule AND s.observed_generation = d.generation')
}

async function untilAll({ database, gameIds, signal }: Games, condition: string): Promise<void> {
  const ready = async (): Promise<number> => {
    signal.throwIfAborted()
    const { rows } = await database.pool.query<{ count: number }>(
      `SELECT count(*)::integer AS count FROM desired_games d JOIN game_status s USING (game_id) JOIN runtime_records r USING (game_id)
        WHERE r.removed_at IS NULL AND ${condition} AND NOT EXISTS (SELECT FROM operation_log o WHERE o.game_id = d.game_id AND o.finished_at IS NULL)`,
    )
    return rows[0]?.count ?? 0
  }
  await until(
    ready,
    (count) => count === gameIds.length,
    `${gameIds.length} games are as asked for`,
    30_000 + gameIds.length * START_MS_PER_GAME,
  )
}
