import { link, rm, stat } from 'node:fs/promises'
import { connect, createServer, type Server } from 'node:net'
import { join } from 'node:path'

/** Another living engine works on the state directory. */
export class DirectoryLockedError extends Error {
  override readonly name = 'DirectoryLockedError'
}

export interface DirectoryLock {
  /** Throws {@link DirectoryLockedError} when the lock was lost; called right before every write takes effect. */
  readonly confirm: () => Promise<void>
  readonly release: () => Promise<void>
}

/**
 * Locks a state directory against a second engine, by a listening unix socket in it.
 *
 * Node has no flock, and a file with a pid says nothing across containers: pid and host name of a game's successive containers are the
 * same. A socket is held by the kernel: it refuses connections from the moment its process is dead, however it died, and a frozen
 * process still holds it. Moving a fully bound socket into place by link(2) makes sure that only one engine gets the name; `confirm`
 * covers the one race left, two engines that replace the same dead socket at once.
 */
export async function lockDirectory(directory: string): Promise<DirectoryLock> {
  const path = join(directory, 'engine.lock')
  const own = `${path}.${crypto.randomUUID().slice(0, 8)}`
  const server = await listen(own)
  try {
    const { ino } = await stat(own)
    await takeName(own, path)
    return {
      confirm: async () => {
        if ((await inode(path)) !== ino) throw new DirectoryLockedError(`another engine took over ${directory}`)
      },
      release: async () => {
        if ((await inode(path)) === ino) await rm(path, { force: true })
        await closed(server)
      },
    }
  } catch (error) {
    await closed(server)
    throw error
  } finally {
    await rm(own, { force: true })
  }
}

async function takeName(own: string, path: string): Promise<void> {
  // Each failure with EEXIST removes a dead holder's socket; more than a few in a row are living rivals.
  for (let attempt = 0; attempt < 5; attempt += 1) {
    try {
      await link(own, path)
      return
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error
    }
    if (await answers(path)) break
    await rm(path, { force: true })
  }
  throw new DirectoryLockedError(`another engine is running on this state directory (it holds ${path})`)
}

function listen(path: string): Promise<Server> {
  const server = createServer((socket) => socket.destroy())
  // Connecting takes write permission, and the next engine may have another uid.
  const options = { path, readableAll: true, writableAll: true }
  return new Promise((resolve, reject) => {
    server.once('error', (cause) =>
      reject(
        new Error(`can't lock the state directory: ${cause.message}`, {
          cause,
        }),
      ),
    )
    server.listen(options, () => resolve(server.unref()))
  })
}

/** Anything but a clear "nobody listens" counts as alive. */
function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path)
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', (error) => resolve(!['ECONNREFUSED', 'ENOENT'].includes(codeOf(error))))
  })
}

async function inode(path: string): Promise<number | null> {
  try {
    return (await stat(path)).ino
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null
    throw error
  }
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()))
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''
}
