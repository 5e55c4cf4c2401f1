import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import Docker from 'dockerode'
import pg from 'pg'
import { pino } from 'pino'
import { inject } from 'vitest'
import { type Config, loadConfig } from '../../src/config.ts'
import { bindInstance } from '../../src/database/lease.ts'
import { openPool } from '../../src/database/pool.ts'
import { drive, type DriveState } from '../../src/drive.ts'
import type { DockerAddress } from '../../src/local/docker-address.ts'
import { KIND, LABEL, OWNER } from '../../src/model/labels.ts'
import type { DriveRequest } from './drive-process.ts'
import { buildIdleImage } from './idle-image.ts'
import { freshDatabase } from './postgres.ts'
import { until } from './until.ts'

/** A controller deployment of a test's own: database, instance name, network and folders that nobody shares. */
export interface Deployment {
  readonly config: Config
  readonly docker: Docker
  readonly databaseUrl: string
  query<Row extends object = Record<string, unknown>>(text: string, values?: readonly unknown[]): Promise<readonly Row[]>
  /** Runs the controller in this process until `stop`. */
  start(options?: StartOptions): Promise<RunningController>
  /** Runs the controller in a process of its own, to be killed; straight to Docker and database, or as told. */
  spawn(options?: SpawnOptions): ChildProcess
  /** Containers that carry our labels and this instance's, any state, by name. */
  containers(): Promise<readonly Docker.ContainerInfo[]>
  containerName(gameId: string): string
  /** Waits until the game's record has this status. */
  untilStatus(gameId: string, status: string | null, timeoutMs?: number): Promise<void>
  dispose(): Promise<void>
}

export interface SpawnOptions extends Partial<Pick<DriveRequest, 'docker' | 'config'>> {
  /** A module that the process loads before anything else. */
  readonly preload?: string
}

export interface StartOptions {
  readonly useEvents?: boolean
  readonly onDockerCall?: (kind: string) => void
}

export interface RunningController {
  readonly state: DriveState
  stop(): Promise<void>
}

/** Engine `idle`: probe-able, a few milliseconds to start, ends at once on SIGTERM. */
const IDLE_VERSIONS = ['1.0.0', '1.0.1', '1.1.0'] as const

/** Quick enough for tests, and every timer still distinguishable. */
const QUICK = {
  'timings.gracePeriod': '1s',
  'timings.resync': '2s',
  'timings.eventWatchdog': '1s',
  'timings.desiredPoll': '500ms',
  'timings.lease': '2s',
  'timings.leaseRenew': '300ms',
  'timings.engineStart': '5s',
  'timings.probeInterval': '500ms',
}

/** Without events nothing is seen but by a resync. */
const RESYNC_ALONE = { 'timings.resync': '500ms', 'timings.eventWatchdog': '1h' }

export async function createDeployment(
  overrides: Readonly<Record<string, unknown>> = {},
  address: DockerAddress = inject('dockerAddress'),
  postgresUrl: string = inject('postgresUrl'),
): Promise<Deployment> {
  const name = `${inject('testInstancePrefix')}${randomBytes(3).toString('hex')}`
  const instance = typeof overrides['instance'] === 'string' ? overrides['instance'] : name
  const folder = path.join(inject('runFolder'), name)
  await mkdir(folder, { recursive: true })
  const docker = new Docker(address.kind === 'socket' ? { socketPath: address.socketPath } : { host: address.host, port: address.port })
  const database = await freshDatabase(postgresUrl)
  const given = {
    instance,
    dataDir: folder,
    'docker.createNetwork': 'true',
    'api.port': '0',
    'manifests.dir': path.join(folder, 'manifests'),
    'log.level': 'warn',
    ...QUICK,
    ...(!inject('useEvents') && RESYNC_ALONE),
    ...overrides,
  }
  const { config: loaded } = loadConfig({ env: {}, cwd: folder, overrides: given })
  const config = { ...loaded, databaseUrl: database.url }
  const pool = new pg.Pool({ connectionString: database.url, max: 4 })
  pool.on('error', () => {})
  await registerIdleVersions(pool, docker)
  const running = new Set<RunningController>()
  const children = new Set<ChildProcess>()

  const deployment: Deployment = {
    config,
    docker,
    databaseUrl: database.url,
    query: async <Row extends object>(text: string, values: readonly unknown[] = []) => (await pool.query<Row>(text, [...values])).rows,
    start: async (options = {}) => {
      const started = await startHere(config, address, options)
      running.add(started)
      return started
    },
    spawn: ({ preload, ...through } = {}) => {
      const request: DriveRequest = { config, docker: address, useEvents: inject('useEvents'), ...through }
      const program = preload === undefined ? [DRIVE_PROCESS] : ['--import', preload, DRIVE_PROCESS]
      const child = spawn(process.execPath, program, { env: { ...process.env, DRIVE: JSON.stringify(request) }, stdio: 'inherit' })
      children.add(child)
      return child
    },
    containers: () =>
      docker.listContainers({
        all: true,
        filters: { label: [`${LABEL.owner}=${OWNER}`, `${LABEL.kind}=${KIND}`, `${LABEL.instance}=${instance}`] },
      }),
    containerName: (gameId) => `${instance}.galaxy-game-${gameId}`,
    untilStatus: async (gameId, status, timeoutMs = 20_000) => {
      const read = async () => {
        const [row] = await deployment.query<{ status: string }>(
          "SELECT status FROM runtime_records WHERE game_id = $1 AND status <> 'removed'",
          [gameId],
        )
        return row?.status ?? null
      }
      await until(read, (seen) => seen === status, `game ${gameId} becomes ${status}`, timeoutMs)
    },
    dispose: async () => {
      for (const child of children) child.kill('SIGKILL')
      await Promise.all([...running].map((controller) => controller.stop()))
      await removeContainers(deployment)
      await removeNetwork(deployment)
      await pool.end()
      await database.drop()
    },
  }
  return deployment
}

const DRIVE_PROCESS = fileURLToPath(new URL('drive-process.ts', import.meta.url))

async function removeContainers({ containers, docker }: Deployment): Promise<void> {
  const all = await containers()
  await Promise.all(
    all.map(({ Id }) =>
      docker
        .getContainer(Id)
        .remove({ force: true })
        .catch(() => {}),
    ),
  ) // it may be going already
}

/** Docker has addresses for about thirty networks: a run makes more deployments than that. */
async function removeNetwork({ docker, config }: Deployment): Promise<void> {
  await docker
    .getNetwork(config.docker.network)
    .remove()
    .catch(() => {}) // it may never have been made
}

async function registerIdleVersions(pool: pg.Pool, docker: Docker): Promise<void> {
  await buildIdleImage(docker, IDLE_VERSIONS.map(idleImage))
  for (const version of IDLE_VERSIONS) {
    await pool.query(
      `INSERT INTO engine_versions (version, image_ref, protocol, probe) VALUES ($1, $2, 'none', '{"http": {"path": "/healthz", "port": 8080}}')`,
      [version, idleImage(version)],
    )
  }
}

export function idleImage(version: string): string {
  return `galaxy-test-idle:${version}`
}

async function startHere(
  config: Config & { readonly databaseUrl: string },
  docker: DockerAddress,
  options: StartOptions,
): Promise<RunningController> {
  const abort = new AbortController()
  const pool = openPool({ url: config.databaseUrl, applicationName: 'test', max: 2 })
  const deployment = await bindInstance(pool.db, config.instance)
  const state: DriveState = { active: null, dockerProblem: null }
  const log = pino({ level: process.env['TEST_LOG'] ?? 'silent' })
  const ended = drive(
    {
      config,
      databaseUrl: config.databaseUrl,
      db: pool.db,
      deployment,
      docker,
      useEvents: inject('useEvents'),
      log,
      signal: abort.signal,
      ...options,
    },
    state,
  )
  await Promise.race([
    ended,
    until(
      () => state.active !== null,
      (isActive) => isActive,
      'a term begins',
    ),
  ])
  return {
    state,
    stop: async () => {
      abort.abort()
      await ended
      await pool.close()
    },
  }
}
