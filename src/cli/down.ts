import { existsSync } from 'node:fs'
import path from 'node:path'
import type { Config } from '../config.ts'
import { stopDockerDaemon } from '../local/docker-daemon.ts'
import { startEmbeddedPostgres, stopEmbeddedPostgres } from '../local/embedded-postgres.ts'
import { signalProcess, waitForExit } from '../local/process-identity.ts'
import type { OnProgress } from '../local/progress.ts'
import { readDeployment } from './deployment.ts'
import { endContainers } from './end-containers.ts'
import { runningControllers } from './running-controllers.ts'
import { printLine, type Terminal } from './terminal.ts'

/**
 * `galaxy down`, which `npm run down` runs: ends what `up` started. The games' state, the database's files and what was
 * asked for stay, so that the next `up` brings the same games back.
 */
export async function down(terminal: Terminal, config: Config): Promise<void> {
  const say: OnProgress = (line) => printLine(terminal, line)
  if (!existsSync(config.dataDir) && config.databaseUrl === null)
    return say(`nothing has been started from here (there is no ${config.dataDir})`)
  await endControllers(config, say)
  await endGames(terminal, config, say)
  if (config.databaseUrl === null && (await stopEmbeddedPostgres({ ...config, onProgress: say }))) say('embedded database stopped')
  if (await stopDockerDaemon({ dataDir: config.dataDir, onProgress: say })) say('Docker daemon stopped')
  say(`Kept: the games' state in ${config.state.root}, and the database${config.databaseUrl === null ? ` in ${config.dataDir}` : ''}.`)
}

/** Beyond its own deadline a controller ends itself; this much later it is stuck. */
const STUCK_MS = 2_000

async function endControllers(config: Config, say: OnProgress): Promise<void> {
  for (const controller of await runningControllers(config.dataDir)) {
    signalProcess(controller, 'SIGTERM')
    const hasEnded = await waitForExit(controller, config.timings.stopDeadlineMs + STUCK_MS)
    if (!hasEnded) signalProcess(controller, 'SIGKILL')
    say(`controller ${controller.pid} ${hasEnded ? 'stopped' : 'did not stop in time and was killed'}`)
  }
}

/** Whose containers are ours is written in the database, so it has to be asked before it is stopped. */
async function endGames(terminal: Terminal, config: Config, say: OnProgress): Promise<void> {
  const url = await databaseUrl(config, say)
  const deployment = url === null ? null : await readDeployment(url, config.instance)
  if (deployment === null) return say('no containers to end: this database has never driven any')
  if (deployment.activeHolder !== null)
    return say(`the games are left running: another controller (${deployment.activeHolder}) is active on this database`)
  await endContainers(terminal.env, config, deployment.id, say)
}

async function databaseUrl(config: Config, say: OnProgress): Promise<string | null> {
  if (config.databaseUrl !== null) return config.databaseUrl
  const { dataDir, instance } = config
  // The second is where it lies when the database's user can't enter the first.
  const exists = [dataDir, path.join('/var/lib/galaxy', instance)].some((folder) => existsSync(path.join(folder, 'postgres')))
  if (!exists) return null
  return (await startEmbeddedPostgres({ dataDir, instance, signal: new AbortController().signal, onProgress: say })).url
}
