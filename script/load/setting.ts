import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import { loadConfig } from '../../src/config.ts'
import { migrateToLatest } from '../../src/database/migrate.ts'
import { type DatabasePool, openPool } from '../../src/database/pool.ts'
import { startEmbeddedPostgres } from '../../src/local/embedded-postgres.ts'
import { instancePrefix } from '../../test/support/docker-leftovers.ts'
import { abandonedRunFolders, makeRunFolder, sweepRunFolder } from '../../test/support/run-folder.ts'
import { type SimulatorProcess, startSimulatorProcess } from '../../test/support/simulator-process.ts'
import { type ControllerProcess, startController } from '../bench/start-controller.ts'

/** A controller process on a real database and a simulated Docker daemon, which is a process of its own too. */
export interface LoadSetting {
  readonly database: DatabasePool
  readonly simulator: SimulatorProcess
  readonly controller: ControllerProcess
  readonly instance: string
  /** What the controller logs, one JSON object a line. */
  readonly logFile: string
  readonly signal: AbortSignal
}

export const ENGINE = 'load'
/** A game is patched from one to the other. */
export const VERSIONS = ['1.0.0', '1.0.1'] as const
export type Version = (typeof VERSIONS)[number]
/** Often enough for a resync to meet every kind of trouble in some minutes. */
export const RESYNC_MS = 10_000
/** Of the database's own connections; the controller's have other names. */
export const OWN_NAME = 'load'

export function imageOf(version: Version): string {
  return `galaxy-load-engine:${version}`
}

/** Small enough for a thousand games, and every call still takes time in which another can come between. */
const LATENCY = { createMs: 3, startMs: 15, exitMs: 5, removeMs: 5, networkMs: 5 }
/** Until the engine has ended after SIGTERM; the second one keeps its pass waiting. */
const TERM_MS: Readonly<Record<Version, number>> = { '1.0.0': 10, '1.0.1': 400 }

export async function withLoad(
  profileDir: string | null,
  signal: AbortSignal,
  work: (setting: LoadSetting) => Promise<void>,
): Promise<void> {
  const undo = new AsyncDisposableStack()
  try {
    await work(await prepare(undo, profileDir, signal))
  } finally {
    await undo.disposeAsync()
  }
}

async function prepare(undo: AsyncDisposableStack, profileDir: string | null, signal: AbortSignal): Promise<LoadSetting> {
  await Promise.all(abandonedRunFolders().map(sweepRunFolder))
  const folder = makeRunFolder()
  undo.defer(() => sweepRunFolder(folder))
  const instance = `${instancePrefix(process.pid)}load`
  const postgres = await startEmbeddedPostgres({ dataDir: path.join(folder, 'database'), instance, signal, onProgress: () => {} })
  undo.defer(() => postgres.stop())
  await migrateToLatest(postgres.url)
  const database = openPool({ url: postgres.url, applicationName: OWN_NAME, max: 4 })
  undo.defer(() => database.close())
  for (const version of VERSIONS) {
    await database.pool.query(
      `INSERT INTO engine_versions (engine, version, image_ref, protocol, probe)
        VALUES ($1, $2, $3, 'none', '{"http": {"path": "/healthz", "port": 8080}}')`,
      [ENGINE, version, imageOf(version)],
    )
  }
  const overrides = {
    instance,
    dataDir: path.join(folder, 'data'),
    'docker.createNetwork': 'true',
    'engines.addressing': 'address',
    'timings.resync': `${RESYNC_MS}ms`,
    'log.level': 'info',
  }
  const { config } = loadConfig({ env: {}, cwd: folder, overrides })
  await mkdir(config.state.root, { recursive: true, mode: 0o700 })
  const simulator = await startSimulatorProcess(folder, simulated(), '--real-time')
  undo.defer(() => simulator.stop())
  const docker = { kind: 'socket', socketPath: simulator.socketPath } as const
  const controller = await startController({ overrides, folder, databaseUrl: postgres.url, docker }, profileDir, signal)
  undo.defer(() => controller.stop())
  return { database, simulator, controller, instance, logFile: path.join(folder, 'controller.log'), signal }
}

/** The simulator's setup: engines that answer their probe, and end when they are told to. */
function simulated(): object {
  const images = VERSIONS.map((version) => ({
    reference: imageOf(version),
    config: { ExposedPorts: { '8080/tcp': {} }, Env: [`VERSION=${version}`] },
    behaviour: { serves: { kind: 'health' }, onTerm: { kind: 'exits', afterMs: TERM_MS[version] } },
  }))
  return { settings: { latency: LATENCY }, images }
}
