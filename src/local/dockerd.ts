import { spawn } from 'node:child_process'
import { constants } from 'node:fs'
import { access, mkdir, open, readFile, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { type DockerAddress, ping } from './docker-address.ts'
import { commandLine, identifyProcess, isRunning, type ProcessIdentity } from './process-identity.ts'

/** A daemon to be started; several can run beside each other when their folders differ. */
export interface DockerdOptions {
  readonly command: readonly [string, ...string[]]
  readonly logFile: string
  readonly address: DockerAddress
  readonly signal: AbortSignal
  /** Told as soon as the process is there, so that it can be recorded before anything else can go wrong. */
  readonly onStarted: (identity: ProcessIdentity) => Promise<void>
}

const START_TIMEOUT_MS = 60_000
const POLL_MS = 50

/**
 * Starts a daemon in a session of its own and waits until it answers: containers must not end with the controller.
 * @throws when it ends or stays silent, with the end of its log; the signal's reason
 */
export async function startDockerd(options: DockerdOptions): Promise<ProcessIdentity> {
  const { address, signal, logFile } = options
  const identity = await spawnDetached(options.command, logFile)
  await options.onStarted(identity)
  const deadlineMs = performance.now() + START_TIMEOUT_MS
  while ((await ping(address, signal)) !== 'answers') {
    signal.throwIfAborted()
    if (!isRunning(identity)) throw new Error(`The Docker daemon ended while starting.\n${await endOf(logFile)}`)
    if (performance.now() > deadlineMs) {
      throw new Error(`The Docker daemon (pid ${identity.pid}) does not answer.\n${await endOf(logFile)}`)
    }
    await delay(POLL_MS)
  }
  return identity
}

const SYSTEM_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/** Path of `dockerd`, looked for where distributions put it; undefined when there is none. */
export async function findDockerd(): Promise<string | undefined> {
  for (const folder of SYSTEM_PATH.split(':')) {
    const file = path.join(folder, 'dockerd')
    if (await access(file, constants.X_OK).then(Boolean.bind(null, true), () => false)) return file
  }
  return undefined
}

/**
 * Removes what a killed daemon left and what would keep the next one from starting: dockerd takes any process that has
 * the pid in its file for a running daemon or containerd (a zombie too), and any socket file for a running containerd.
 * @param execRoot dockerd's `--exec-root`
 * @returns the pid of a daemon that does run already
 */
export async function clearLeftovers(pidFile: string, execRoot: string): Promise<number | undefined> {
  const running = await clearPidFile(pidFile, 'dockerd')
  if (running !== undefined) return running
  await clearPidFile(path.join(execRoot, 'containerd', 'containerd.pid'), 'containerd')
  await clearDeadSocket(SYSTEM_CONTAINERD_SOCKET)
  return undefined
}

const SYSTEM_CONTAINERD_SOCKET = '/run/containerd/containerd.sock'

async function clearPidFile(file: string, program: string): Promise<number | undefined> {
  const pid = Number.parseInt(await readFile(file, 'utf8').catch(() => ''), 10)
  if (!(pid > 0)) return undefined
  const words = commandLine(pid)?.split(' ') ?? []
  if (identifyProcess(pid) !== undefined && words.some((word) => path.basename(word) === program)) return pid
  await rm(file, { force: true })
  return undefined
}

/** Only a refused connection proves that nobody listens. */
async function clearDeadSocket(file: string): Promise<void> {
  const isDead = await new Promise<boolean>((resolve) => {
    const socket = connect(file, () => resolve(false))
    socket.on('error', (error) => resolve('code' in error && error.code === 'ECONNREFUSED'))
    socket.on('connect', () => socket.destroy())
  })
  if (isDead) await rm(file, { force: true })
}

async function spawnDetached(command: readonly [string, ...string[]], logFile: string): Promise<ProcessIdentity> {
  await mkdir(path.dirname(logFile), { recursive: true })
  const log = await open(logFile, 'a', 0o600)
  const [file, ...args] = command
  try {
    const child = spawn(file, args, {
      cwd: '/',
      detached: true,
      stdio: ['ignore', log.fd, log.fd],
      env: { PATH: SYSTEM_PATH },
    })
    await new Promise((resolve, reject) => child.once('spawn', resolve).once('error', reject))
    child.on('error', () => {})
    child.unref()
    const identity = child.pid === undefined ? undefined : identifyProcess(child.pid)
    if (identity === undefined) throw new Error(`${file} ended at once.\n${await endOf(logFile)}`)
    return identity
  } finally {
    await log.close()
  }
}

async function endOf(logFile: string): Promise<string> {
  const text = await readFile(logFile, 'utf8').catch(() => '')
  return text.trimEnd().split('\n').slice(-5).join('\n')
}
