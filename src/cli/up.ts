import Docker from 'dockerode'
import { buildEngineImages } from '../../engine/image.ts'
import type { ApiAddress } from '../api/address-file.ts'
import { readAddress } from '../api/address-file.ts'
import type { Config, LoadedConfig } from '../config.ts'
import { migrateToLatest } from '../database/migrate.ts'
import type { DockerAddress } from '../local/docker-address.ts'
import { ensureDockerDaemon } from '../local/docker-daemon.ts'
import { startDockerSimulator } from '../local/docker-simulator.ts'
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../local/embedded-postgres.ts'
import { createProgress, type Progress } from '../local/progress.ts'
import { createLog, createPrettyLog, type Log } from '../log.ts'
import { watchConvergence } from './convergence.ts'
import { dockerEnvironment } from './docker-environment.ts'
import { CliError, EXIT } from './exit.ts'
import { askReadiness } from './readiness.ts'
import { runSupervised } from './run-supervised.ts'
import { recordController, runningControllers } from './running-controllers.ts'
import { stopOnSignals } from './signals.ts'
import { SIMULATED } from './simulated.ts'
import { type Terminal, warnLine } from './terminal.ts'
import { typed } from './typed.ts'

/** `galaxy up`, which `npm start` runs: everything that is needed, then the controller, until a signal (spec 5, "Start-up"). Where a controller runs already, only says so. */
export async function up(terminal: Terminal, { config, origins }: LoadedConfig): Promise<void> {
  const [running] = await runningControllers(config.dataDir)
  if (running !== undefined) return sayRunning(terminal, config, running.pid)
  const stop = stopOnSignals(terminal, config.timings.stopDeadlineMs)
  const progress = createProgress({ isTTY: terminal.isStderrTty, write: (text) => terminal.stderr.write(text) })
  const forget = await recordController(config.dataDir)
  try {
    // Only where nobody has decided it: GALAXY_DOCKER_NETWORK_CREATE=false is honoured.
    const createNetwork = origins['docker.createNetwork'] === 'default' || config.docker.createNetwork
    await prepareAndRun(terminal, { ...config, docker: { ...config.docker, createNetwork } }, stop.signal, progress)
  } catch (error) {
    if (!stop.signal.aborted) throw error
  } finally {
    await forget()
    stop.dispose()
  }
}

/** What the games' containers run on. */
interface Host {
  readonly docker: DockerAddress
  /** Settles when the reference engine's images are there. */
  readonly images: Promise<void>
  /** Aborted when there is no going on without another start. */
  readonly lost: AbortSignal
  stop(): Promise<void>
}

async function prepareAndRun(terminal: Terminal, config: Config, stopped: AbortSignal, progress: Progress): Promise<void> {
  const startedMs = performance.now()
  const host = config.simulate ? await startSimulator(config, stopped, progress) : await findDaemon(terminal, config, stopped, progress)
  const signal = AbortSignal.any([stopped, host.lost])
  let database: EmbeddedPostgres | null = null
  try {
    if (config.databaseUrl === null) database = await startDatabase(config, signal, progress)
    const databaseUrl = database?.url ?? config.databaseUrl ?? ''
    const migrations = await migrateToLatest(databaseUrl)
    if (migrations.length > 0) progress.line(`Database schema: ${migrations.join(', ')}`)
    await host.images
    await runWatched(terminal, { ...config, databaseUrl }, host.docker, signal, progress, startedMs)
    host.lost.throwIfAborted()
  } finally {
    await host.stop()
    await database?.stop()
    if (stopped.aborted) sayStopped(terminal, config)
  }
}

async function startSimulator(config: Config, signal: AbortSignal, { step, line }: Progress): Promise<Host> {
  line(SIMULATED)
  const { host: dockerHost } = config.docker
  const simulator = await step('Docker simulator', () => startDockerSimulator({ dockerHost, signal, onProgress: line }))
  line(`It is where DOCKER_HOST=${dockerHost} says`)
  return { docker: simulator.address, images: Promise.resolve(), lost: simulator.ended, stop: simulator.stop }
}

/** The images are built while the database comes up. */
async function findDaemon(terminal: Terminal, config: Config, signal: AbortSignal, progress: Progress): Promise<Host> {
  const { dataDir } = config
  const { address } = await progress.step('Docker', () =>
    ensureDockerDaemon({ env: dockerEnvironment(terminal.env, config), dataDir, signal, onProgress: progress.line }),
  )
  const images = buildImages(address, signal, progress)
  images.catch(() => undefined)
  return { docker: address, images, lost: new AbortController().signal, stop: () => Promise.resolve() }
}

/** Quick when they are there, which is the usual case: then nothing is said. */
async function buildImages(address: DockerAddress, signal: AbortSignal, { line }: Progress): Promise<void> {
  const { kind: _, ...where } = address
  await buildEngineImages({ docker: new Docker(where), signal, onProgress: line })
}

function startDatabase({ dataDir, instance }: Config, signal: AbortSignal, progress: Progress): Promise<EmbeddedPostgres> {
  return progress.step('Database', () => startEmbeddedPostgres({ dataDir, instance, signal, onProgress: progress.line }))
}

async function runWatched(
  terminal: Terminal,
  config: Config,
  docker: DockerAddress,
  signal: AbortSignal,
  progress: Progress,
  startedMs: number,
): Promise<void> {
  const log = await openLog(terminal, config)
  const watching = new AbortController()
  let watched: Promise<void> = Promise.resolve()
  const onReady = (api: ApiAddress) => {
    progress.line(`Controller: ${api.url} after ${((performance.now() - startedMs) / 1000).toFixed(1)} s`)
    const watchSignal = AbortSignal.any([signal, watching.signal])
    watched = watchConvergence(terminal, config, api, watchSignal, progress.line).catch((error: unknown) =>
      log.warn({ err: error }, "the start can't be watched"),
    )
  }
  try {
    await runSupervised(terminal.env, config, { signal, log, docker, onReady })
  } finally {
    watching.abort()
    await watched
  }
}

/** A person has been told by the progress lines; what is left to say is what goes wrong. */
function openLog(terminal: Terminal, { log }: Config): Promise<Log> | Log {
  const isQuiet = log.level === 'trace' || log.level === 'debug' || log.level === 'info'
  return terminal.isStdoutTty ? createPrettyLog(isQuiet ? 'warn' : log.level) : createLog(log.level)
}

/**
 * Asking for what is there already is no failure, if it really is there.
 * @throws CliError when that controller does not answer, or is not ready
 */
async function sayRunning(terminal: Terminal, config: Config, pid: number): Promise<void> {
  const address = await readAddress(config.dataDir)
  const readiness = address === null ? null : await askReadiness(address)
  const who = `(pid ${pid}, ${address?.url ?? 'without an address yet'})`
  const command = config.simulate ? typed('down --simulate') : typed('down')
  const advice = `if it has just been started, wait; \`${command}\` ends it and the games`
  if (readiness?.kind !== 'answers')
    throw new CliError(`A controller has been started from here already ${who} but does not answer; ${advice}`, EXIT.noController)
  if (readiness.failing.length > 0)
    throw new CliError(`Galaxy runs here already ${who} but is not ready: ${readiness.failing.join('; ')}; ${advice}`)
  warnLine(terminal, `Galaxy runs here already and is ready ${who}; end it with \`${command}\``)
}

function sayStopped(terminal: Terminal, { simulate }: Config): void {
  const text = simulate
    ? `Stopped, and the simulated containers are gone. The games keep their state; \`${typed('up --simulate')}\` goes on with it.`
    : `Stopped. The games keep running; \`${typed('up')}\` takes them up again, \`${typed('down')}\` ends them.`
  warnLine(terminal, text)
}
