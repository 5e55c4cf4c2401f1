import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import Docker from 'dockerode'
import { type Config, loadConfig } from '../../src/config.ts'
import { migrateToLatest } from '../../src/database/migrate.ts'
import { type DatabasePool, openPool } from '../../src/database/pool.ts'
import { ensureDockerDaemon, stopDockerDaemon } from '../../src/local/docker-daemon.ts'
import { startEmbeddedPostgres } from '../../src/local/embedded-postgres.ts'
import { createProgress } from '../../src/local/progress.ts'
import { LABEL, OWNER } from '../../src/model/labels.ts'
import { instancePrefix, isAbandoned, removeLeftovers } from '../../test/support/docker-leftovers.ts'
import { buildIdleImage } from '../../test/support/idle-image.ts'
import { abandonedRunFolders, makeRunFolder, sweepRunFolder } from '../../test/support/run-folder.ts'
import { type ContainerEvents, followContainers } from './container-events.ts'
import { startController } from './start-controller.ts'

/** Everything the measurements stand on; nobody else shares it. */
export interface Setting {
  readonly config: Config
  readonly docker: Docker
  readonly database: DatabasePool
  readonly events: ContainerEvents
  /** The instance that raw containers name, so that the clean-up finds them. */
  readonly rawInstance: string
  readonly signal: AbortSignal
}

/** The version every game starts with, and the one it is patched to. */
export const VERSIONS = ['1.0.0', '1.0.1'] as const

export interface SettingOptions {
  /** Where the controller leaves a CPU profile when it ends; null takes none. */
  readonly profileDir: string | null
  /** Makes the images of the engines to be started, and registers their versions. */
  readonly register: (docker: Docker, database: DatabasePool, signal: AbortSignal) => Promise<void>
}

/**
 * Runs `work` on a Docker daemon, a throw-away database and a controller process of its own, and removes whatever was made,
 * also when the signal aborts in the middle.
 */
export async function withSetting(options: SettingOptions, signal: AbortSignal, work: (setting: Setting) => Promise<void>): Promise<void> {
  const undo = new AsyncDisposableStack()
  try {
    await work(await prepare(undo, options, signal))
  } finally {
    await undo.disposeAsync()
  }
}

async function prepare(undo: AsyncDisposableStack, { profileDir, register }: SettingOptions, signal: AbortSignal): Promise<Setting> {
  const { line: onProgress } = createProgress(process.stderr)
  await Promise.all(abandonedRunFolders().map(sweepRunFolder))
  const folder = makeRunFolder()
  undo.defer(() => sweepRunFolder(folder))
  const dockerDir = path.join(folder, 'docker')
  undo.defer(() => stopDockerDaemon({ dataDir: dockerDir, onProgress }).then(() => {}))
  const { address } = await ensureDockerDaemon({ env: process.env, dataDir: dockerDir, signal, onProgress })
  const docker = new Docker(
    address.kind === 'socket' ? { socketPath: address.socketPath } : { host: address.host, port: address.port, ...address.tls },
  )
  await removeLeftovers(address, isAbandoned)
  undo.defer(() => removeLeftovers(address, (instance) => instance.startsWith(instancePrefix(process.pid))))

  onProgress('Preparing a throw-away database, images and a controller')
  const instance = `${instancePrefix(process.pid)}bench`
  const postgres = await startEmbeddedPostgres({ dataDir: path.join(folder, 'database'), instance, signal, onProgress: () => {} })
  undo.defer(() => postgres.stop())
  await migrateToLatest(postgres.url)
  const database = openPool({ url: postgres.url, applicationName: 'bench', max: 2 })
  undo.defer(() => database.close())
  await register(docker, database, signal)

  const overrides = { instance, dataDir: path.join(folder, 'data'), 'log.level': 'info' }
  const { config } = loadConfig({ env: {}, cwd: folder, overrides })
  await mkdir(config.state.root, { recursive: true, mode: 0o700 })
  await docker.createNetwork({
    Name: config.docker.network,
    CheckDuplicate: true,
    Labels: { [LABEL.owner]: OWNER, [LABEL.instance]: instance },
  })
  const events = await followContainers(docker, signal)
  undo.defer(() => events.stop())
  const controller = await startController({ overrides, folder, databaseUrl: postgres.url, docker: address }, profileDir, signal)
  undo.defer(() => controller.stop())
  return { config, docker, database, events, rawInstance: `${instance}-raw`, signal }
}

/** Registers {@link VERSIONS} of an engine that answers its probe and nothing else. */
export async function registerIdleEngine(docker: Docker, { pool }: DatabasePool, signal: AbortSignal): Promise<void> {
  const image = (version: string) => `galaxy-test-idle:${version}`
  await buildIdleImage(docker, VERSIONS.map(image), signal)
  for (const version of VERSIONS)
    await pool.query(`INSERT INTO engine_versions (version, image_ref, protocol) VALUES ($1, $2, 'none')`, [version, image(version)])
}
