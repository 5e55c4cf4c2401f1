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
  const names = await readdir(folderOf(dataDir)).catch(() => [])
  const files = names.filter((name) => name.endsWith('.json')).map((name) => path.join(folderOf(dataDir), name))
  const found = await Promise.all(files.map(async (file) => ({ file, identity: await readIdentity(file) })))
  const ended = found.filter(({ identity }) => identity === null || !isRunning(identity))
  await Promise.all(ended.map(({ file }) => rm(file, { force: true })))
  return found.flatMap(({ identity }) => (identity !== null && isRunning(identity) ? [identity] : []))
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
