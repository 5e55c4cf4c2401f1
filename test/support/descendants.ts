import { readdirSync, readFileSync } from 'node:fs'
import { identifyProcess, type ProcessIdentity } from '../../src/local/process-identity.ts'

/** A process below another one in the tree of processes. */
export interface Descendant extends ProcessIdentity {
  readonly isChild: boolean
  /** Started as a daemon. */
  readonly isSessionLeader: boolean
}

/** What runs below this process now, from fields 4 and 6 of proc_pid_stat(5); empty where there is no /proc. */
export function descendantsOf(pid: number): Descendant[] {
  const processes = new Map(
    listProcesses()
      .flatMap((name) => readProcess(name) ?? [])
      .map((found) => [found.pid, found]),
  )
  const isBelow = (parent: number | undefined): boolean =>
    parent !== undefined && (parent === pid || isBelow(processes.get(parent)?.parent))
  return [...processes.values()].flatMap(({ pid: candidate, parent, session }) => {
    const identity = isBelow(parent) ? identifyProcess(candidate) : undefined
    return identity === undefined ? [] : [{ ...identity, isChild: parent === pid, isSessionLeader: session === candidate }]
  })
}

function listProcesses(): string[] {
  try {
    return readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  } catch {
    return []
  }
}

function readProcess(name: string): { pid: number; parent: number; session: number } | undefined {
  try {
    const stat = readFileSync(`/proc/${name}/stat`, 'utf8')
    const [, parent, , session] = stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number)
    return parent === undefined || session === undefined ? undefined : { pid: Number(name), parent, session }
  } catch {
    return undefined
  }
}
