import { chmodSync, existsSync, globSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { readPostmaster } from '../../src/local/postmaster.ts'
import { identifyProcess, isRunning, type ProcessIdentity, signalProcess, waitForExit } from '../../src/local/process-identity.ts'

/*
 * Everything that a test run leaves on the machine lives in one folder: data, and a record of every process that outlives
 * the process which started it. Whoever finds the folder can end the run's remains, also after a kill -9 of the runner.
 */

const PREFIX = 'galaxy-test-'

/** Open to all for entering: the database's system user must get to its data. */
export function makeRunFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), `${PREFIX}${process.pid}-`))
  chmodSync(folder, 0o755)
  return folder
}

/** Has `sweepRunFolder` end this process. */
export function recordProcess(runFolder: string, identity: ProcessIdentity): void {
  writeFileSync(path.join(runFolder, `${identity.pid}.process.json`), JSON.stringify(identity))
}

/** Ends what still runs of a run and removes its folder. */
export async function sweepRunFolder(runFolder: string): Promise<void> {
  if (!existsSync(runFolder)) return
  const recorded = [...recordedProcesses(runFolder), ...(await databaseServers(runFolder))]
  for (const identity of recorded) signalProcess(identity, 'SIGINT')
  for (const identity of recorded) {
    if (!(await waitForExit(identity, 3_000))) signalProcess(identity, 'SIGKILL')
  }
  rmSync(runFolder, { recursive: true, force: true, maxRetries: 5 })
}

/** Folders of runs whose runner has ended without sweeping. */
export function abandonedRunFolders(): string[] {
  return readdirSync(tmpdir())
    .filter((name) => name.startsWith(PREFIX) && !isAlive(Number.parseInt(name.slice(PREFIX.length), 10)))
    .map((name) => path.join(tmpdir(), name))
}

export function isAlive(pid: number): boolean {
  return identifyProcess(pid) !== undefined
}

function recordedProcesses(runFolder: string): ProcessIdentity[] {
  return readdirSync(runFolder)
    .filter((name) => name.endsWith('.process.json'))
    .map((name) => JSON.parse(readFileSync(path.join(runFolder, name), 'utf8')) as ProcessIdentity) // written by recordProcess
    .filter(isRunning)
}

/** Tests start database servers in folders of their own, up to three levels down. */
async function databaseServers(runFolder: string): Promise<ProcessIdentity[]> {
  const lockFiles = globSync(
    ['*', '*/*', '*/*/*'].map((level) => `${level}/postmaster.pid`),
    { cwd: runFolder },
  )
  const servers = await Promise.all(lockFiles.map((file) => readPostmaster(path.join(runFolder, path.dirname(file)))))
  return servers.flatMap((server) => (server === undefined ? [] : [server.identity]))
}
