import { access, constants, stat, statfs } from 'node:fs/promises'
import path from 'node:path'
import type { Config } from '../../config.ts'
import { addressFile } from '../../api/address-file.ts'
import { formatMemory } from '../../model/limits.ts'
import { fail, type Finding, ok, skip, warn } from './finding.ts'

const LITTLE_SPACE_BYTES = 1024 ** 3
const NO_SPACE_BYTES = 100 * 1024 ** 2

/** Space, permissions and secrets of the folders on this machine. */
export async function checkFolders(config: Config): Promise<readonly Finding[]> {
  return [await checkSpace(config.dataDir), await checkStateRoot(config.state.root), await checkTokenFile(config.dataDir)]
}

async function checkSpace(dataDir: string): Promise<Finding> {
  const folder = await nearestExisting(dataDir)
  const { bavail, bsize } = await statfs(folder)
  const freeBytes = bavail * bsize
  const detail = `${formatMemory(Math.floor(freeBytes / 1024 ** 2) * 1024 ** 2)} free at ${folder}`
  if (freeBytes < NO_SPACE_BYTES) return fail('disk', detail, "make room: games can't save their state and the database stops")
  return freeBytes < LITTLE_SPACE_BYTES ? warn('disk', detail, 'make room soon') : ok('disk', detail)
}

/** 0700 keeps other users of the machine out of the games' folders, which themselves are open to any engine's uid. */
async function checkStateRoot(root: string): Promise<Finding> {
  const found = await stat(root).catch(() => null)
  if (found === null) return skip('state root', `${root} is not there yet`)
  const isWritable = await access(root, constants.W_OK | constants.X_OK).then(
    () => true,
    () => false,
  )
  if (!isWritable) return fail('state root', `this user can't write in ${root}`, 'run as the user who owns it, or set GALAXY_STATE_ROOT')
  const mode = (found.mode & 0o777).toString(8).padStart(4, '0')
  return (found.mode & 0o077) === 0
    ? ok('state root', `${root}, mode ${mode}`)
    : warn('state root', `${root} has mode ${mode}: others on this machine can enter it`, `chmod 700 ${root}`)
}

async function checkTokenFile(dataDir: string): Promise<Finding> {
  const file = addressFile(dataDir)
  const found = await stat(file).catch(() => null)
  if (found === null) return skip('token file', `${file} is not there yet`)
  return (found.mode & 0o077) === 0
    ? ok('token file', `${file} is private`)
    : fail('token file', `${file} can be read by others`, `chmod 600 ${file}, and delete it before the next start to get another token`)
}

async function nearestExisting(folder: string): Promise<string> {
  for (let candidate = folder; ; candidate = path.dirname(candidate)) {
    const isThere = await stat(candidate).then(
      () => true,
      () => false,
    )
    if (isThere || candidate === path.dirname(candidate)) return candidate
  }
}
