// `controller.ts` with an IPC channel: drives games as a deployment's controller does, in a process of its own, so that it
// shares no event loop with what measures it. It ends when the channel does.
import { readdirSync } from 'node:fs'
import { loadConfig } from '../../src/config.ts'
import type { Lane } from '../../src/controller/queue.ts'
import { bindInstance } from '../../src/database/lease.ts'
import { openPool } from '../../src/database/pool.ts'
import { drive, type DriveState } from '../../src/drive.ts'
import type { DockerAddress } from '../../src/local/docker-address.ts'
import { createLog } from '../../src/log.ts'

/** The first message to this process. Every later one, `usage` or `collect`, is answered with what it has used; `collect` frees its garbage first. */
export interface ControllerTask {
  readonly overrides: Readonly<Record<string, unknown>>
  readonly folder: string
  readonly databaseUrl: string
  readonly docker: DockerAddress
}

export interface ControllerUsage {
  /** User and system time since it started. */
  readonly cpuMs: number
  /** Timers that are set now. */
  readonly timers: number
  readonly heapBytes: number
  readonly residentBytes: number
  /** Open file descriptors; Linux. */
  readonly descriptors: number
  /** Keys that wait, in both lanes. */
  readonly depth: number
  /** Of the passes that have begun since the last message: how long their keys had waited, in milliseconds. */
  readonly waitsMs: Readonly<Record<Lane, readonly number[]>>
}

const ACTIVE_POLL_MS = 20

process.once('message', (message) => void run(message as ControllerTask)) // sent by start-controller.ts alone

/** Tells `active` over the channel once the games are driven. */
async function run({ overrides, folder, databaseUrl, docker }: ControllerTask): Promise<void> {
  const abort = new AbortController()
  const end = () => abort.abort()
  const state: DriveState = { active: null, dockerProblem: null }
  let waitsMs = noWaits()
  process.on('message', (asked) => {
    if (asked === 'collect') globalThis.gc?.()
    process.send?.({ ...usage(), depth: state.active?.loop.depth ?? 0, waitsMs } satisfies ControllerUsage)
    waitsMs = noWaits()
  })
  process.once('disconnect', end).on('SIGINT', end).on('SIGTERM', end)
  const { config } = loadConfig({ env: {}, cwd: folder, overrides })
  const pool = openPool({ url: databaseUrl, applicationName: 'bench', max: 2 })
  const onPass = (lane: Lane, waitedMs: number): void => void waitsMs[lane].push(waitedMs)
  const tellWhenActive = setInterval(() => {
    if (state.active === null) return
    clearInterval(tellWhenActive)
    process.send?.('active')
  }, ACTIVE_POLL_MS)
  try {
    const deployment = await bindInstance(pool.db, config.instance)
    const log = createLog(config.log.level)
    await drive({ config, databaseUrl, db: pool.db, deployment, docker, onPass, log, signal: abort.signal }, state)
  } finally {
    clearInterval(tellWhenActive)
    await pool.close()
    if (process.connected) process.disconnect?.()
  }
}

function noWaits(): Record<Lane, number[]> {
  return { live: [], resync: [] }
}

function usage(): Omit<ControllerUsage, 'depth' | 'waitsMs'> {
  const { user, system } = process.cpuUsage()
  const { heapUsed: heapBytes, rss: residentBytes } = process.memoryUsage()
  return {
    cpuMs: (user + system) / 1_000,
    timers: process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length,
    heapBytes,
    residentBytes,
    // Reading the folder takes one itself.
    descriptors: readdirSync('/proc/self/fd').length - 1,
  }
}
