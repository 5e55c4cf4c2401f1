import { open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'

/**
 * Replaces a file so that at every instant, power cuts included, either the old or the new content is there whole:
 * write beside it, fsync, rename, fsync the directory.
 * @param beforeRename last moment at which the change may still be called off, by throwing
 */
export async function durableWrite(path: string, content: string, beforeRename: () => Promise<void>): Promise<void> {
  const temporary = `${path}.tmp`
  // Removed rather than truncated: another uid may have left it, and the directory is what we surely may write to.
  await rm(temporary, { force: true })
  const file = await open(temporary, 'wx', 0o644)
  try {
    await file.writeFile(content)
    await file.sync()
  } finally {
    await file.close()
  }
  await beforeRename()
  await rename(temporary, path)
  await syncDirectory(dirname(path))
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r')
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}
