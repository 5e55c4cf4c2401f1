import { type Config, readConfig } from './config.ts'
import { ConfigError } from './environment.ts'
import { faultAtStart, faultInTurn } from './faults.ts'
import { Game } from './game.ts'
import { startServer } from './http/server.ts'
import { logEvent } from './log.ts'
import { editionOf } from './rules/edition.ts'
import { DirectoryLockedError, lockDirectory } from './store/directory-lock.ts'
import { StateFileError, stateFiles } from './store/state-file.ts'

/** Longest wait for a turn under way; Docker kills after ten seconds unless told otherwise. */
const LAST_TURN_MS = 8000
const LAST_ANSWERS_MS = 500

process.exit(await run())

async function run(): Promise<number> {
  try {
    const config = readConfig(process.env)
    const stop = stopSignal(config)
    return await serve(config, stop)
  } catch (error) {
    logEvent('engine can not run', {
      error: error instanceof Error ? error.message : String(error),
    })
    return exitCode(error)
  }
}

/** Runs the engine until it is told to stop; resolves with the exit code. */
async function serve(config: Config, stop: AbortSignal): Promise<number> {
  if (!(await startsInTime(config, stop))) return 0
  const edition = editionOf(config.version)
  const lock = await lockDirectory(config.statePath)
  try {
    const game = await Game.load({
      edition,
      files: stateFiles(edition, config.statePath, lock.confirm),
      turnLimit: config.turnLimit,
      seed: config.seed,
      beforeCommit: (turn) => faultInTurn(config.faults, turn, stop),
    })
    const context = {
      game,
      name: config.name,
      version: config.version,
      faults: config.faults,
      stop,
    }
    const server = await startServer(context, config.host, config.port)
    logEvent('engine is up', { version: config.version, port: server.port })
    await aborted(stop)
    const closed = server.close()
    const drained = await withinMs(game.drained(), LAST_TURN_MS)
    if (!(await withinMs(closed, LAST_ANSWERS_MS))) server.cut()
    logEvent('engine stopped', { drained })
    return drained ? 0 : 1
  } finally {
    await lock.release()
  }
}

/** False when the stop came during a slow start. */
async function startsInTime(config: Config, stop: AbortSignal): Promise<boolean> {
  try {
    await faultAtStart(config.faults, stop)
    return true
  } catch (error) {
    if (stop.aborted) return false
    throw error
  }
}

function stopSignal(config: Config): AbortSignal {
  const controller = new AbortController()
  const onSignal = (signal: NodeJS.Signals) => {
    logEvent('signal received', {
      signal,
      ignored: config.faults.ignoreSigterm,
    })
    if (!config.faults.ignoreSigterm) controller.abort()
  }
  process.on('SIGTERM', onSignal)
  process.on('SIGINT', onSignal)
  return controller.signal
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}

async function withinMs(work: Promise<void>, limitMs: number): Promise<boolean> {
  const { promise: late, resolve } = Promise.withResolvers<boolean>()
  const timer = setTimeout(() => resolve(false), limitMs)
  const inTime = await Promise.race([work.then(() => true), late])
  clearTimeout(timer)
  return inTime
}

/** After sysexits.h, so that an operator sees the kind of failure in `docker ps`. */
function exitCode(error: unknown): number {
  if (error instanceof ConfigError) return 78
  if (error instanceof StateFileError) return 65
  if (error instanceof DirectoryLockedError) return 75
  return 1
}
