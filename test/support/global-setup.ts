import { spawnSync } from 'node:child_process'
import { constants } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import type { TestProject } from 'vitest/node'
import type { DockerAddress } from '../../src/local/docker-address.ts'
import { ensureDockerDaemon, stopDockerDaemon } from '../../src/local/docker-daemon.ts'
import { startEmbeddedPostgres } from '../../src/local/embedded-postgres.ts'
import { createProgress } from '../../src/local/progress.ts'
import { ensureBusybox } from './busybox.ts'
import { instancePrefix, isAbandoned, removeLeftovers } from './docker-leftovers.ts'
import { DISTRIBUTION_FOLDER, findOtherPostgres, startOtherPostgres } from './other-postgres.ts'
import { identifyPostgres, type PostgresServer } from './postgres.ts'
import { abandonedRunFolders, makeRunFolder, sweepRunFolder } from './run-folder.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    /** The run's embedded Postgres, database `postgres`. */
    postgresUrl: string
    /** That one, then a server of another major where the machine has one; for `describeOnEachPostgres`. */
    postgresServers: readonly [PostgresServer, ...PostgresServer[]]
    dockerAddress: DockerAddress
    /** False in mode `no-events`: controllers run on resyncs alone (spec 6, "How it is tested"). */
    useEvents: boolean
    /** Every instance a test makes is named with this in front. */
    testInstancePrefix: string
    /** For files and processes of tests; swept at the end, however the run ends. */
    runFolder: string
  }
}

const START_TIMEOUT_MS = 600_000

/**
 * What the tests with services share, once per run: a Docker daemon, and throw-away databases. Every such project has
 * this as its set-up, so that a run of unit tests alone starts nothing; the first one does the work and the others find
 * it done.
 */
export default async function setUp(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  const root = project.vitest.getRootProject()
  if (root.getProvidedContext().postgresUrl !== undefined) return undefined
  const signal = AbortSignal.timeout(START_TIMEOUT_MS)
  const { line: onProgress } = createProgress(process.stderr)
  await Promise.all(abandonedRunFolders().map(sweepRunFolder))
  const runFolder = makeRunFolder()
  const guard = sweepOnExit(runFolder)
  const dockerDir = path.join(runFolder, 'docker')
  const { address } = await ensureDockerDaemon({ env: process.env, dataDir: dockerDir, signal, onProgress })
  guard.alsoAt(address)
  await ensureBusybox()
  await removeLeftovers(address, isAbandoned)
  const embedded = await startEmbeddedPostgres({
    dataDir: path.join(runFolder, 'database'),
    instance: 'test',
    signal,
    onProgress: () => {},
  })
  const postgres = await identifyPostgres(embedded.url)
  const otherBin = findOtherPostgres(postgres.major)
  if (otherBin === undefined) onProgress(`No Postgres but ${postgres.major} in ${DISTRIBUTION_FOLDER}: tests on another one are skipped`)
  const other = otherBin && (await identifyPostgres(await startOtherPostgres(otherBin, path.join(runFolder, 'other-database'), signal)))

  root.provide('postgresUrl', embedded.url)
  root.provide('postgresServers', other ? [postgres, other] : [postgres])
  root.provide('dockerAddress', address)
  root.provide('useEvents', project.vitest.config.mode !== 'no-events')
  root.provide('testInstancePrefix', instancePrefix(process.pid))
  root.provide('runFolder', runFolder)
  return async () => {
    await removeLeftovers(address, (instance) => instance.startsWith(instancePrefix(process.pid)))
    await stopDockerDaemon({ dataDir: dockerDir, onProgress: () => {} })
    await sweepRunFolder(runFolder)
    guard.stop()
  }
}

/**
 * vitest leaves at once on SIGINT and SIGTERM, without tearing down. Nothing can be awaited on the way out, but a program
 * can be run.
 */
function sweepOnExit(runFolder: string): { alsoAt(address: DockerAddress): void; stop(): void } {
  const script = fileURLToPath(new URL('sweep.ts', import.meta.url))
  let addressJson = ''
  const sweep = () =>
    void spawnSync(process.execPath, [script, runFolder, String(process.pid), addressJson], {
      stdio: 'inherit',
      timeout: 60_000,
    })
  // vitest does not listen for a closed terminal, and Node then ends without 'exit'.
  const leave = () => process.exit(128 + constants.signals.SIGHUP)
  process.once('exit', sweep)
  process.once('SIGHUP', leave)
  return {
    alsoAt: (address) => (addressJson = JSON.stringify(address)),
    stop: () => void process.off('exit', sweep).off('SIGHUP', leave),
  }
}
