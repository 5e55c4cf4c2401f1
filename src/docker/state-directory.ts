import { constants } from 'node:fs'
import { chmod, lstat, mkdir, open, readdir, realpath, stat } from 'node:fs/promises'
import path from 'node:path'
import { messageOf, RuntimeFailure } from '../model/errors.ts'
import { removeFolder } from './remove-folder.ts'

/** The folder that holds every game's state folder, as this controller sees it. */
export interface StateRoot {
  /** Absolute. */
  readonly root: string
  /** Permission bits of a new state folder. */
  readonly mode: number
  readonly owner: { readonly uid: number; readonly gid: number } | null
}

/** The state folders right under one root. */
export interface StateFolders {
  /** Makes one that is missing. @throws as {@link prepareStateDirectory} */
  prepare(directory: string): Promise<void>
  /** Deletes one with everything in it. @throws as {@link purgeState} */
  purge(directory: string): Promise<void>
}

export function stateFoldersUnder(settings: StateRoot): StateFolders {
  return {
    prepare: (directory) => prepareStateDirectory(settings, directory),
    purge: (directory) => purgeState(settings, directory),
  }
}

const ROOT_MODE = 0o700

/**
 * Makes a game's state folder if it is missing. Mode and owner are set while it is empty only: an engine may have changed
 * its own folder since.
 *
 * @throws RuntimeFailure terminal `start_config_invalid` for a path outside the root, a symlink or a root that can't be used; transient when the disk is full
 */
export async function prepareStateDirectory(settings: StateRoot, directory: string): Promise<void> {
  requireChild(settings.root, directory)
  await naming(directory, async () => {
    await prepareRoot(settings.root)
    await mkdir(directory).catch(unless('EEXIST'))
    await requireInside(settings.root, directory)
    if (await isEmpty(directory)) await setAccess(settings, directory)
  })
}

/**
 * Deletes a game's state folder with everything in it; an absent one is fine. Symlinks within are removed, never followed.
 *
 * @throws RuntimeFailure terminal when the path is no plain folder right under the root
 */
export async function purgeState(settings: Pick<StateRoot, 'root'>, directory: string): Promise<void> {
  requireChild(settings.root, directory)
  await naming(directory, async () => {
    const found = await lstat(directory).catch(unless('ENOENT'))
    if (found === undefined) return
    await requireInside(settings.root, directory)
    await removeFolder(directory)
  })
}

function requireChild(root: string, directory: string): void {
  if (path.isAbsolute(directory) && path.resolve(directory) === directory && path.dirname(directory) === path.resolve(root)) return
  throw escaping(root, directory)
}

/** After all symlinks, the folder is still itself: nothing planted leads a game's state elsewhere. */
async function requireInside(root: string, directory: string): Promise<void> {
  const expected = path.join(await realpath(root), path.basename(directory))
  const isPlain = (await lstat(directory)).isDirectory()
  if (!isPlain || (await realpath(directory)) !== expected) throw escaping(root, directory)
}

async function prepareRoot(root: string): Promise<void> {
  await mkdir(root, { recursive: true, mode: ROOT_MODE })
  await requireOwnLink(root)
  const { mode } = await stat(root)
  if ((mode & 0o777) !== ROOT_MODE) await chmod(root, ROOT_MODE)
}

/** A root may be a link to another disk; one that another user planted, in `/tmp` say, would have whatever it leads to closed and used. */
async function requireOwnLink(root: string): Promise<void> {
  const entry = await lstat(root)
  if (!entry.isSymbolicLink() || entry.uid === 0 || entry.uid === process.geteuid?.()) return
  throw new RuntimeFailure('terminal', 'start_config_invalid', `the state root ${root} is a link of another user (uid ${entry.uid})`)
}

/** A folder we may not read is in use by an engine that closed it. */
async function isEmpty(directory: string): Promise<boolean> {
  const entries = await readdir(directory).catch(unless('EACCES'))
  return entries?.length === 0
}

/** By handle and without following links, so that the folder checked is the folder changed. */
async function setAccess({ mode, owner }: StateRoot, directory: string): Promise<void> {
  const handle = await open(directory, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW)
  try {
    const found = await handle.stat()
    if ((found.mode & 0o7777) !== mode) await handle.chmod(mode)
    if (owner !== null && (found.uid !== owner.uid || found.gid !== owner.gid)) await handle.chown(owner.uid, owner.gid)
  } finally {
    await handle.close()
  }
}

function escaping(root: string, directory: string): RuntimeFailure {
  return new RuntimeFailure(
    'terminal',
    'start_config_invalid',
    `the state folder ${directory} is not a plain folder right under the state root ${root}`,
  )
}

async function naming(directory: string, work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    if (error instanceof RuntimeFailure) throw error
    const isFull = ['ENOSPC', 'EDQUOT'].includes(codeOf(error))
    const message = `the state folder ${directory} can't be prepared or removed: ${messageOf(error)}`
    if (isFull) throw new RuntimeFailure('transient', 'service_unavailable', message, { cause: error })
    throw new RuntimeFailure('terminal', 'start_config_invalid', message, { cause: error })
  }
}

function unless(code: string): (error: unknown) => undefined {
  return (error) => {
    if (codeOf(error) !== code) throw error
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''
}
