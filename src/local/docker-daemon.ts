import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { chosenAddress, DEFAULT_SOCKET, type DockerAddress, type NamedAddress, ping, usualAddresses } from './docker-address.ts'
import { installDocker, isDebianLike } from './docker-install.ts'
import { clearLeftovers, findDockerd, startDockerd } from './dockerd.ts'
import { identifyProcess, isRunning, type ProcessIdentity, signalProcess, waitForExit } from './process-identity.ts'
import type { OnProgress } from './progress.ts'

export interface DockerDaemonOptions {
  readonly env: NodeJS.ProcessEnv
  /** Where the daemon that we start is recorded and logged. */
  readonly dataDir: string
  readonly signal: AbortSignal
  readonly onProgress: OnProgress
}

export interface DockerDaemon {
  readonly address: DockerAddress
  /** True also when an earlier start of ours began it; `stopDockerDaemon` ends only such a one. */
  readonly startedByUs: boolean
  /** Known only of a daemon started by us. */
  readonly pid: number | undefined
}

/**
 * Finds a Docker daemon that answers, or makes one answer (spec 5, "Start-up"). What the user chose (`DOCKER_HOST`, a
 * context) is never replaced by something else. Installing happens on Debian and Ubuntu as root, and only there.
 *
 * @throws with what is missing and what to do, in three lines
 */
export async function ensureDockerDaemon(options: DockerDaemonOptions): Promise<DockerDaemon> {
  const { env, signal } = options
  const chosen = await chosenAddress(env)
  if (chosen !== undefined) return chosenDaemon(chosen, options)
  const found = await firstThatAnswers(usualAddresses(env), signal)
  if (found.kind === 'answers') return describe(found.address, options.dataDir)
  if (found.kind === 'denied') throw new Error(deniedMessage(found.origin))
  if (process.platform !== 'linux' || process.getuid?.() !== 0) throw new Error(notRootMessage(process.platform))
  if ((await findDockerd()) === undefined) {
    if (!(await isDebianLike())) throw new Error(otherSystemMessage())
    await installDocker(env, signal, options.onProgress)
  }
  return startSystemDaemon(options)
}

/** Ends the daemon if we started it and it is still that process. @returns whether one was ended */
export async function stopDockerDaemon(options: Pick<DockerDaemonOptions, 'dataDir' | 'onProgress'>): Promise<boolean> {
  const record = await readRecord(options.dataDir)
  if (record === undefined) return false
  const wasRunning = isRunning(record)
  if (wasRunning) {
    options.onProgress(`Stopping the Docker daemon that galaxy started (pid ${record.pid})`)
    if (record.unit !== undefined) await run('systemctl', ['stop', 'docker.socket', record.unit])
    else signalProcess(record, 'SIGTERM')
    if (!(await waitForExit(record, STOP_TIMEOUT_MS))) throw new Error(`the Docker daemon ${record.pid} does not end`)
  }
  await rm(recordFile(options.dataDir), { force: true })
  return wasRunning
}

const run = promisify(execFile)

/** dockerd gives its containers 15 s by default before it kills them. */
const STOP_TIMEOUT_MS = 30_000
const ANSWER_TIMEOUT_MS = 60_000
const POLL_MS = 100

async function chosenDaemon(chosen: NamedAddress, { signal, dataDir }: DockerDaemonOptions): Promise<DockerDaemon> {
  const result = await ping(chosen.address, signal)
  signal.throwIfAborted()
  if (result === 'answers') return describe(chosen.address, dataDir)
  if (result === 'denied') throw new Error(deniedMessage(chosen.origin))
  throw new Error(`No Docker daemon answers at ${chosen.origin}.
Start that daemon, or choose another one,
or unset it to use ${DEFAULT_SOCKET}, and start again.`)
}

type Search =
  | { readonly kind: 'answers'; readonly address: DockerAddress }
  | { readonly kind: 'denied'; readonly origin: string }
  | { readonly kind: 'none' }

async function firstThatAnswers(candidates: readonly NamedAddress[], signal: AbortSignal): Promise<Search> {
  let deniedOrigin: string | undefined
  for (const { address, origin } of candidates) {
    const result = await ping(address, signal)
    signal.throwIfAborted()
    if (result === 'answers') return { kind: 'answers', address }
    if (result === 'denied') deniedOrigin ??= origin
  }
  return deniedOrigin === undefined ? { kind: 'none' } : { kind: 'denied', origin: deniedOrigin }
}

async function startSystemDaemon(options: DockerDaemonOptions): Promise<DockerDaemon> {
  const { dataDir, signal, onProgress } = options
  const address: DockerAddress = { kind: 'socket', socketPath: DEFAULT_SOCKET }
  if (existsSync('/run/systemd/system')) {
    onProgress('Starting the Docker daemon: systemctl start docker')
    await run('systemctl', ['start', 'docker'])
    const { stdout } = await run('systemctl', ['show', '--property=MainPID', '--value', 'docker'])
    const identity = identifyProcess(Number.parseInt(stdout, 10))
    if (identity !== undefined) await writeRecord(dataDir, { ...identity, unit: 'docker.service' })
    await waitForAnswer(address, signal)
    return describe(address, dataDir)
  }
  const startingPid = await clearLeftovers('/var/run/docker.pid', '/var/run/docker')
  if (startingPid !== undefined) {
    onProgress(`A Docker daemon (pid ${startingPid}) is there but does not answer yet: waiting for it`)
    await waitForAnswer(address, signal)
    return describe(address, dataDir)
  }
  const logFile = path.join(dataDir, 'dockerd.log')
  onProgress(`Starting the Docker daemon; its log is ${logFile}`)
  const dockerd = (await findDockerd()) ?? 'dockerd'
  const onStarted = (identity: ProcessIdentity) => writeRecord(dataDir, { ...identity, unit: undefined })
  await startDockerd({ command: [dockerd], logFile, address, signal, onStarted })
  return describe(address, dataDir)
}

async function waitForAnswer(address: DockerAddress, signal: AbortSignal): Promise<void> {
  const deadlineMs = performance.now() + ANSWER_TIMEOUT_MS
  while ((await ping(address, signal)) !== 'answers') {
    signal.throwIfAborted()
    if (performance.now() > deadlineMs) throw new Error(silentMessage())
    await delay(POLL_MS)
  }
}

/** A daemon that we started: its main process, and the systemd unit where systemd runs it. */
interface DaemonRecord extends ProcessIdentity {
  readonly unit: string | undefined
}

/** Only the default socket can be ours. */
async function describe(address: DockerAddress, dataDir: string): Promise<DockerDaemon> {
  const record = await readRecord(dataDir)
  const isDefault = address.kind === 'socket' && address.socketPath === DEFAULT_SOCKET
  const startedByUs = isDefault && record !== undefined && isRunning(record)
  return { address, startedByUs, pid: startedByUs ? record.pid : undefined }
}

function recordFile(dataDir: string): string {
  return path.join(dataDir, 'dockerd.json')
}

async function writeRecord(dataDir: string, record: DaemonRecord): Promise<void> {
  await mkdir(dataDir, { recursive: true })
  const halfway = `${recordFile(dataDir)}.${process.pid}`
  await writeFile(halfway, `${JSON.stringify(record)}\n`, { mode: 0o600 })
  await rename(halfway, recordFile(dataDir))
}

async function readRecord(dataDir: string): Promise<DaemonRecord | undefined> {
  try {
    const content: unknown = JSON.parse(await readFile(recordFile(dataDir), 'utf8'))
    if (typeof content !== 'object' || content === null || !('pid' in content) || !('startedAt' in content)) return undefined
    const unit = 'unit' in content && typeof content.unit === 'string' ? content.unit : undefined
    return { pid: Number(content.pid), startedAt: String(content.startedAt), unit }
  } catch {
    return undefined
  }
}

function deniedMessage(where: string): string {
  return `There is a Docker daemon at ${where}, but this user may not talk to it.
Join the group "docker" (sudo usermod -aG docker "$USER", then log in again), which is as good as being root,
or run galaxy as root, or set DOCKER_HOST to a daemon of yours.`
}

function notRootMessage(platform: NodeJS.Platform): string {
  const install =
    platform === 'linux'
      ? 'Install and start it (on Debian or Ubuntu: sudo apt-get install docker.io; run as root, galaxy does that itself),'
      : 'Install and start Docker,'
  return `No Docker daemon answers on this machine.
${install}
or set DOCKER_HOST to a daemon that runs elsewhere, and start again.`
}

function otherSystemMessage(): string {
  return `No Docker daemon answers and none is installed; galaxy installs one on Debian and Ubuntu only.
Install Docker with this system's package manager and start it,
or set DOCKER_HOST to a daemon that runs elsewhere, and start again.`
}

function silentMessage(): string {
  return `The Docker daemon has been started but does not answer at ${DEFAULT_SOCKET}.
Its log says why (journalctl -u docker, or the daemon's log file).
Once it answers "docker info", start again.`
}
