import { randomUUID } from 'node:crypto'
import { constants } from 'node:fs'
import { type FileHandle, open, opendir, rename, rm, rmdir, unlink } from 'node:fs/promises'
import path from 'node:path'

const PLAIN_FOLDER = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW

/**
 * Deletes a folder with everything in it and never follows a link, also when somebody swaps folders for links meanwhile: Node's own `rm` looks
 * first and opens by path afterwards. Folders are reached through handles alone (`/proc/self/fd`, Linux's way to openat for those who have
 * none). Folders within folders are first moved up, so that neither depth nor length of a path matters.
 *
 * @throws what the file system threw, e.g. ENOTDIR for what is no folder, ENOTEMPTY when somebody keeps adding to it
 */
export async function removeFolder(folder: string): Promise<void> {
  // Elsewhere only the simulator runs, and nobody but its user is there.
  if (process.platform !== 'linux') return rm(folder, { recursive: true, force: true })
  await withFolder(folder, async (top) => {
    while (await clear(top, top)) continue
  })
  await rmdir(folder)
}

/** Removes files and links, and one level of folders. Returns whether folders were moved up meanwhile. */
async function clear(within: string, top: string): Promise<boolean> {
  let hasMoved = false
  for await (const { name } of await opendir(within)) {
    const entry = path.join(within, name)
    if (await isUnlinked(entry)) continue
    if (within !== top) {
      await rename(entry, path.join(top, randomUUID()))
      hasMoved = true
      continue
    }
    await withFolder(entry, async (folder) => {
      hasMoved = (await clear(folder, top)) || hasMoved
    })
    await rmdir(entry)
  }
  return hasMoved
}

/** False for a folder. */
async function isUnlinked(entry: string): Promise<boolean> {
  try {
    await unlink(entry)
    return true
  } catch (error) {
    if (isCode(error, 'ENOENT')) return true
    if (isCode(error, 'EISDIR') || isCode(error, 'EPERM')) return false
    throw error
  }
}

/** Hands over a path that means the folder that was opened, wherever it is moved. */
async function withFolder(folder: string, work: (pinned: string) => Promise<void>): Promise<void> {
  const handle: FileHandle = await open(folder, PLAIN_FOLDER)
  try {
    await work(`/proc/self/fd/${handle.fd}`)
  } finally {
    await handle.close()
  }
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}
