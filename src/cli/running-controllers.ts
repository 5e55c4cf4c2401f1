import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { identifyProcess, isRunning, type ProcessIdentity } from '../local/process-identity.ts'

// Each controller process of a data folder has a file `{dataDir}/controllers/{pid}.json`, which holds its start time too:
// `galaxy down` must never signal another program that has the pid since.

/** Records this process; the returned function takes the record away. */
export async function recordController(dataDir: string): Promise<() => Promise<void>> {
  const identity = identifyProcess(process.pid)
  if (identity === undefined) throw new Error('this process does not find itself')
  const file = path.join(folderOf(dataDir), `${identity.pid}.json`)
  await mkdir(folderOf(dataDir), { recursive: true })
  await writeFile(`${file}.new`, `${JSON.stringify(identity)}\n`, { mode: 0o600 })
  await rename(`${file}.new`, file)
  return () => rm(file, { force: true })
}

/** Controllers of this data folder that run now; records of ended ones are cleared away. */
export async function runningControllers(dataDir: string): Promise<readonly ProcessIdentity[]> {
  const found = await readRecords(dataDir)
  await Promise.all(found.filter(({ isAlive }) => !isAlive).map(({ file }) => rm(file, { force: true })))
  return found.flatMap(({ identity, isAlive }) => (identity !== null && isAlive ? [identity] : []))
}

/** Pids of this data folder's controllers, changing nothing: those that run, and those that ended without taking their record away. */
export async function recordedControllers(
  dataDir: string,
): Promise<{ readonly running: readonly number[]; readonly died: readonly number[] }> {
  const found = await readRecords(dataDir)
  const pidsOf = (wanted: boolean) =>
    found.flatMap(({ identity, isAlive }) => (identity !== null && isAlive === wanted ? [identity.pid] : []))
  return { running: pidsOf(true), died: pidsOf(false) }
}

interface ControllerRecord {
  readonly file: string
  /** Null when the file can't be understood. */
  readonly identity: ProcessIdentity | null
  readonly isAlive: boolean
}

async function readRecords(dataDir: string): Promise<readonly ControllerRecord[]> {
  const names = await readdir(folderOf(dataDir)).catch(() => [])
  const files = names.filter((name) => name.endsWith('.json')).map((name) => path.join(folderOf(dataDir), name))
  return Promise.all(
    files.map(async (file) => {
      const identity = await readIdentity(file)
      return { file, identity, isAlive: identity !== null && isRunning(identity) }
    }),
  )
}

function folderOf(dataDir: string): string {
  return path.join(dataDir, 'controllers')
}

async function readIdentity(file: string): Promise<ProcessIdentity | null> {
  try {
    const value: unknown = JSON.parse(await readFile(file, 'utf8'))
    if (typeof value !== 'object' || value === null || !('pid' in value) || !('startedAt' in value)) return null
    return { pid: Number(value.pid), startedAt: String(value.startedAt) }
  } catch {
    return null
  }
}
