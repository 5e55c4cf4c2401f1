import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'

/**
 * One life of one process. A pid alone is reused after the process has ended, and all of them after a reboot; the start
 * time beside it makes sure that what is signalled is what was started.
 */
export interface ProcessIdentity {
  readonly pid: number
  /** Opaque: compared, never read. */
  readonly startedAt: string
}

/** The identity of whatever runs under this pid now; undefined when nothing does. */
export function identifyProcess(pid: number): ProcessIdentity | undefined {
  const startedAt = process.platform === 'linux' ? linuxStartTime(pid) : psColumn(pid, 'lstart')
  return startedAt === undefined ? undefined : { pid, startedAt }
}

export function isRunning(identity: ProcessIdentity): boolean {
  return identifyProcess(identity.pid)?.startedAt === identity.startedAt
}

/** Sends the signal to that very process; false when it has ended, whoever has its pid now. */
export function signalProcess(identity: ProcessIdentity, signal: NodeJS.Signals): boolean {
  if (!isRunning(identity)) return false
  try {
    return process.kill(identity.pid, signal)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ESRCH') return false
    throw error
  }
}

const EXIT_POLL_MS = 10

/** Waits until that process has ended; false when it still runs after `timeoutMs`. */
export async function waitForExit(identity: ProcessIdentity, timeoutMs: number): Promise<boolean> {
  const deadlineMs = performance.now() + timeoutMs
  while (isRunning(identity)) {
    if (performance.now() > deadlineMs) return false
    await delay(EXIT_POLL_MS)
  }
  return true
}

/** Program and arguments of a running process, separated by spaces; undefined when there is none. */
export function commandLine(pid: number): string | undefined {
  if (process.platform !== 'linux') return psColumn(pid, 'args')
  return readOrUndefined(`/proc/${pid}/cmdline`)?.replaceAll('\0', ' ').trim()
}

/** Field 22 of proc_pid_stat(5), in ticks since boot; a zombie (field 3) has ended already. */
function linuxStartTime(pid: number): string | undefined {
  const stat = readOrUndefined(`/proc/${pid}/stat`)
  if (stat === undefined) return undefined
  // The second field is the program's name in brackets and may hold spaces and brackets itself.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  if (fields[0] === 'Z' || fields[0] === 'X') return undefined
  const bootId = readOrUndefined('/proc/sys/kernel/random/boot_id')?.trim() ?? ''
  return `${bootId}:${fields[19]}`
}

function psColumn(pid: number, column: 'lstart' | 'args'): string | undefined {
  try {
    const text = execFileSync('ps', ['-o', `${column}=`, '-p', String(pid)], { encoding: 'utf8', env: { LC_ALL: 'C' } })
    return text.trim() || undefined
  } catch {
    return undefined
  }
}

function readOrUndefined(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}
