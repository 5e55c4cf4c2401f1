import { readdir, readFile, readlink, rm } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { commandLine, identifyProcess, type ProcessIdentity, signalProcess, waitForExit } from './process-identity.ts'

/** The server process of one cluster, as the lock file in its folder tells. */
export interface Postmaster {
  readonly identity: ProcessIdentity
  readonly port: number
  readonly isReady: boolean
}

/**
 * The live server of this cluster folder, from `postmaster.pid` (pid, folder, start, port, socket folder, address, shared
 * memory, status; one per line). A file left by a killed server is no server, also when its pid has been taken by another
 * program since: the folder must be in the process's command line.
 */
export async function readPostmaster(cluster: string): Promise<Postmaster | undefined> {
  const content = await readFile(`${cluster}/postmaster.pid`, 'utf8').catch(() => '')
  const [pidText = '', , , portText = '', , , , status = ''] = content.split('\n')
  const pid = Number.parseInt(pidText, 10)
  const port = Number.parseInt(portText, 10)
  if (!(pid > 0) || !`${commandLine(pid)} `.includes(`-D ${cluster} `)) return undefined
  const identity = identifyProcess(pid)
  return identity && { identity, port, isReady: status.trim() === 'ready' && port > 0 }
}

/**
 * Removes a lock file whose pid belongs to another program by now. Postgres itself would refuse to start for as long as
 * that program runs. The file also guards against server processes that outlived a killed postmaster, so it stays while
 * any process works in the cluster's folder, and where that can't be seen.
 */
export async function removeStaleLock(cluster: string): Promise<void> {
  const lockFile = `${cluster}/postmaster.pid`
  const pid = Number.parseInt(await readFile(lockFile, 'utf8').catch(() => ''), 10)
  if (process.platform !== 'linux' || identifyProcess(pid) === undefined) return
  if ((await readPostmaster(cluster)) !== undefined) return
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const workFolders = await Promise.all(pids.map((name) => readlink(`/proc/${name}/cwd`).catch(() => undefined)))
  if (!workFolders.includes(cluster)) await rm(lockFile, { force: true })
}

const READY_POLL_MS = 10
const ANSWER_TIMEOUT_MS = 2_000

/**
 * Waits until the cluster's server takes connections; a long crash recovery is waited for.
 * @param isGivenUp asked between two looks; true ends the waiting
 * @returns undefined when there is no server (any more) and `isGivenUp` said so
 * @throws the signal's reason
 */
export async function waitUntilReady(
  cluster: string,
  signal: AbortSignal,
  isGivenUp: (seen: Postmaster | undefined) => boolean,
): Promise<Postmaster | undefined> {
  for (;;) {
    signal.throwIfAborted()
    const seen = await readPostmaster(cluster)
    if (seen?.isReady && (await answers(seen.port))) return seen
    if (isGivenUp(seen)) return undefined
    await delay(READY_POLL_MS)
  }
}

/** Whether a Postgres answers there: one byte to an SSLRequest (protocol, section 54.7), no login needed. */
function answers(port: number): Promise<boolean> {
  const sslRequest = Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f])
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(sslRequest))
    const settle = (result: boolean) => {
      socket.destroy()
      resolve(result)
    }
    socket.setTimeout(ANSWER_TIMEOUT_MS, () => settle(false))
    socket.on('data', (data) => settle(data[0] === 0x4e || data[0] === 0x53))
    socket.on('error', () => settle(false))
    socket.on('close', () => settle(false))
  })
}

const FAST_SHUTDOWN_MS = 15_000
const IMMEDIATE_SHUTDOWN_MS = 5_000

/**
 * Ends a server: "fast" (SIGINT: sessions are cut, everything is written) and, when that takes too long, "immediate"
 * (SIGQUIT: as after a crash, nothing committed is lost). Ended already is success.
 */
export async function stopPostmaster(identity: ProcessIdentity): Promise<void> {
  signalProcess(identity, 'SIGINT')
  if (await waitForExit(identity, FAST_SHUTDOWN_MS)) return
  signalProcess(identity, 'SIGQUIT')
  if (await waitForExit(identity, IMMEDIATE_SHUTDOWN_MS)) return
  throw new Error(`the database's process ${identity.pid} does not end`)
}

/** The wished port when nobody listens on it, else one that the system picks. */
export async function freePort(wished: number): Promise<number> {
  return (await listenBriefly(wished)) ?? (await listenBriefly(0)) ?? wished
}

function listenBriefly(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer()
    server.on('error', () => resolve(undefined))
    server.listen(port, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : undefined))
    })
  })
}
