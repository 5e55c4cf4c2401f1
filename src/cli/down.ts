import { existsSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Config } from '../config.ts'
import { stopDockerDaemon } from '../local/docker-daemon.ts'
import { startEmbeddedPostgres, stopEmbeddedPostgres } from '../local/embedded-postgres.ts'
import { type ProcessIdentity, signalProcess, waitForExit } from '../local/process-identity.ts'
import type { OnProgress } from '../local/progress.ts'
import { withoutPasswords } from '../log.ts'
import { messageOf } from '../model/errors.ts'
import { isSimulationRunning } from './context.ts'
import { type Deployment, readDeployment } from './deployment.ts'
import { endContainers } from './end-containers.ts'
import { CliError, EXIT } from './exit.ts'
import { runningControllers } from './running-controllers.ts'
import { printLine, type Terminal } from './terminal.ts'
import { typed } from './typed.ts'

/**
 * `galaxy down`, which `npm run down` runs: ends what `up` started. The games' state, the database's files and what was
 * asked for stay, so that the next `up` brings the same games back. Nothing to end is success.
 *
 * @throws CliError when something that should have ended may still be there; what could be ended has ended nevertheless
 */
export async function down(terminal: Terminal, config: Config): Promise<void> {
  const say: OnProgress = (line) => printLine(terminal, line)
  if (!existsSync(config.dataDir) && config.databaseUrl === null)
    return say(`nothing has been started from here (there is no ${config.dataDir})`)
  await endControllers(config, say)
  const failures = [
    // The simulated containers have ended with their simulator, and that with the controller's program.
    config.simulate ? null : await failureOf(() => endGames(terminal, config, say)),
    await failureOf(() => endDatabase(config, say)),
    await failureOf(() => endDaemon(config, say)),
  ].filter((failure) => failure !== null)
  say(`Kept: the games' state in ${config.state.root}, and the database${config.databaseUrl === null ? ` in ${config.dataDir}` : ''}.`)
  if (!config.simulate && (await isSimulationRunning(config))) say(`The simulation runs on; end it with \`${typed('down --simulate')}\`.`)
  if (failures.length > 0) throw new CliError(`Not everything has ended:\n${failures.join('\n')}`)
}

/** Null when it went well. A refusal is not one of several failures: it ends the whole. */
async function failureOf(step: () => Promise<void>): Promise<string | null> {
  try {
    await step()
    return null
  } catch (error) {
    if (error instanceof Refusal) throw error
    return withoutPasswords(messageOf(error))
  }
}

/** Somebody else works with what would be ended. */
class Refusal extends CliError {}

/** Beyond its own deadline a controller ends itself; this much later it is stuck. */
const STUCK_MS = 2_000

async function endControllers(config: Config, say: OnProgress): Promise<void> {
  for (const controller of await runningControllers(config.dataDir)) {
    sendTo(controller, 'SIGTERM')
    const hasEnded = await waitForExit(controller, config.timings.stopDeadlineMs + STUCK_MS)
    if (!hasEnded) sendTo(controller, 'SIGKILL')
    if (!hasEnded && !(await waitForExit(controller, STUCK_MS)))
      throw new CliError(`controller ${controller.pid} does not end, not even by SIGKILL; nothing else has been ended`)
    say(`controller ${controller.pid} ${hasEnded ? 'stopped' : 'did not stop in time and was killed'}`)
  }
}

function sendTo(controller: ProcessIdentity, signal: NodeJS.Signals): void {
  try {
    signalProcess(controller, signal)
  } catch (error) {
    const advice = 'run this as the user who started it; nothing has been ended'
    throw new CliError(`controller ${controller.pid} can't be stopped (${messageOf(error)}): ${advice}`, EXIT.failed, { cause: error })
  }
}

/** Whose containers are ours is written in the database, so it has to be asked before it is stopped. */
async function endGames(terminal: Terminal, config: Config, say: OnProgress): Promise<void> {
  const url = await databaseUrl(config, say)
  const deployment = url === null ? null : await untilUnattended(url, config, say)
  if (deployment === null || deployment.instance === null) return say('no containers to end: this database has never driven any')
  if (deployment.instance !== config.instance)
    throw new Refusal(
      `this database belongs to instance "${deployment.instance}", not "${config.instance}"; set GALAXY_INSTANCE to end that one's games`,
    )
  await endContainers(terminal.env, config, deployment, say)
}

const LEASE_POLL_MS = 200

/** A controller that was killed still holds its lease until that runs out; one that lives renews it. */
async function untilUnattended(url: string, config: Config, say: OnProgress): Promise<Deployment | null> {
  const deadlineMs = performance.now() + config.timings.leaseMs + STUCK_MS
  for (let isFirst = true; ; isFirst = false) {
    const deployment = await readDeployment(url, config.instance)
    const holder = deployment?.activeHolder ?? null
    if (holder === null) return deployment
    if (performance.now() > deadlineMs)
      throw new Refusal(
        `The games are left running: another controller (${holder}) is active on this database. End that one, then run this again.`,
      )
    if (isFirst) say(`waiting for the lease of controller ${holder}, which is not run from here, to end`)
    await delay(LEASE_POLL_MS)
  }
}

async function endDatabase(config: Config, say: OnProgress): Promise<void> {
  if (config.databaseUrl === null && (await stopEmbeddedPostgres({ ...config, onProgress: say }))) say('embedded database stopped')
}

async function endDaemon({ dataDir }: Config, say: OnProgress): Promise<void> {
  if (await stopDockerDaemon({ dataDir, onProgress: say })) say('Docker daemon stopped')
}

async function databaseUrl(config: Config, say: OnProgress): Promise<string | null> {
  if (config.databaseUrl !== null) return config.databaseUrl
  const { dataDir, instance } = config
  // The second is where it lies when the database's user can't enter the first.
  const exists = [dataDir, path.join('/var/lib/galaxy', instance)].some((folder) => existsSync(path.join(folder, 'postgres')))
  if (!exists) return null
  return (await startEmbeddedPostgres({ dataDir, instance, signal: new AbortController().signal, onProgress: say })).url
}
