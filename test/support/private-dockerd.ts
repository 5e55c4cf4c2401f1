import { spawn } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, readlink, rm, rmdir } from 'node:fs/promises'
import path from 'node:path'
import type { DockerAddress } from '../../src/local/docker-address.ts'
import { clearLeftovers, findDockerd, startDockerd } from '../../src/local/dockerd.ts'
import { identifyProcess, type ProcessIdentity, signalProcess, waitForExit } from '../../src/local/process-identity.ts'
import { recordProcess } from './run-folder.ts'

/** A Docker daemon that a test may stop, kill and start as it likes. Needs root. */
export interface PrivateDockerd {
  readonly address: DockerAddress & { readonly kind: 'socket' }
  readonly socketPath: string
  readonly pid: number
  /** SIGTERM, or as told, and waits until the process is gone; containers are the daemon's business. */
  halt(signal?: NodeJS.Signals): Promise<void>
  /** Starts it again, on the same images and containers. */
  resume(): Promise<void>
  /** Ends the daemon and all of its containers, and removes its files. */
  remove(): Promise<void>
}

const SHUTDOWN_S = 2

/**
 * Starts a daemon beside the machine's own: with its own socket and folders below `root`, in its own network and mount
 * namespaces, which a sleeping process keeps while the daemon is down. Its containers' addresses can be reached inside
 * that network namespace only.
 *
 * @param root a folder that exists, e.g. `inject('runFolder')`; what runs is recorded there for the sweep
 */
export async function startPrivateDockerd({
  root,
  signal,
}: {
  readonly root: string
  readonly signal: AbortSignal
}): Promise<PrivateDockerd> {
  const dockerd = await findDockerd()
  if (dockerd === undefined) throw new Error('no dockerd is installed')
  const folder = await mkdtemp(path.join(root, 'dockerd-'))
  await Promise.all(['data', 'exec'].map((name) => mkdir(path.join(folder, name))))
  const holder = await holdNamespaces(root)
  const socketPath = path.join(folder, 'docker.sock')
  const address = { kind: 'socket', socketPath } as const
  const cgroup = `/${path.basename(folder)}`
  const command = [
    'nsenter',
    ...['net', 'mnt'].map((kind) => `--${kind === 'mnt' ? 'mount' : kind}=/proc/${holder.pid}/ns/${kind}`),
    dockerd,
    `--host=unix://${socketPath}`,
    `--data-root=${folder}/data`,
    `--exec-root=${folder}/exec`,
    `--pidfile=${folder}/docker.pid`,
    `--cgroup-parent=${cgroup}`,
    '--exec-opt=native.cgroupdriver=cgroupfs',
    `--shutdown-timeout=${SHUTDOWN_S}`,
  ] as const
  const start = async () => {
    await clearLeftovers(path.join(folder, 'docker.pid'), path.join(folder, 'exec'))
    return startDockerd({
      command: [...command] as [string, ...string[]], // a literal above, so never empty
      logFile: path.join(folder, 'dockerd.log'),
      address,
      signal,
      onStarted: async (identity) => recordProcess(root, identity),
    })
  }
  let daemon = await start()

  const halt = async (how: NodeJS.Signals = 'SIGTERM') => {
    signalProcess(daemon, how)
    if (!(await waitForExit(daemon, 15_000))) throw new Error(`the private Docker daemon ${daemon.pid} does not end`)
  }
  return {
    address,
    socketPath,
    get pid() {
      return daemon.pid
    },
    halt,
    resume: async () => void (daemon = await start()),
    remove: async () => {
      await halt().catch(() => signalProcess(daemon, 'SIGKILL'))
      await killAll([...(await processesInCgroup(cgroup)), ...(await processesInNamespace(holder))])
      await removeCgroup(cgroup)
      await rm(folder, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

/** The mounts of containers vanish with their namespace, so nothing has to be unmounted one by one. */
async function holdNamespaces(root: string): Promise<ProcessIdentity> {
  const child = spawn('unshare', ['--net', '--mount', '--propagation', 'private', 'sleep', 'infinity'], {
    detached: true,
    stdio: 'ignore',
  })
  await new Promise((resolve, reject) => child.once('spawn', resolve).once('error', reject))
  child.unref()
  const identity = child.pid === undefined ? undefined : identifyProcess(child.pid)
  if (identity === undefined) throw new Error('unshare ended at once')
  recordProcess(root, identity)
  await untilUnshared(identity)
  return identity
}

async function untilUnshared({ pid }: ProcessIdentity): Promise<void> {
  const ours = await readlink('/proc/self/ns/mnt')
  const deadlineMs = performance.now() + 5_000
  while ((await readlink(`/proc/${pid}/ns/mnt`)) === ours) {
    if (performance.now() > deadlineMs) throw new Error('no namespaces of its own could be made: is this root?')
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

/** Containers that a killed daemon left behind. */
async function processesInCgroup(cgroup: string): Promise<number[]> {
  const groups = (await cgroupFolders(cgroup)).map((group) => path.join(group, 'cgroup.procs'))
  const contents = await Promise.all(groups.map((file) => readFile(file, 'utf8').catch(() => '')))
  return contents.flatMap((content) => content.split('\n').map(Number)).filter((pid) => pid > 1)
}

async function removeCgroup(cgroup: string): Promise<void> {
  const deepestFirst = (await cgroupFolders(cgroup)).sort((a, b) => b.length - a.length)
  for (const group of deepestFirst) await rmdir(group).catch(() => {})
}

/** The group and those below it, in every hierarchy of version 1 or the one of version 2. */
async function cgroupFolders(cgroup: string): Promise<string[]> {
  const base = '/sys/fs/cgroup'
  const tops = ['', ...(await readdir(base))].map((name) => path.join(base, name, cgroup))
  const lists = tops.map(async (top) => {
    const entries = await readdir(top, { recursive: true, withFileTypes: true }).catch(() => undefined)
    if (entries === undefined) return []
    return [top, ...entries.filter((entry) => entry.isDirectory()).map((entry) => path.join(entry.parentPath, entry.name))]
  })
  return (await Promise.all(lists)).flat()
}

/** The holder, containerd and its shims. */
async function processesInNamespace({ pid }: ProcessIdentity): Promise<number[]> {
  const namespace = await readlink(`/proc/${pid}/ns/mnt`).catch(() => undefined)
  if (namespace === undefined) return []
  const pids = (await readdir('/proc')).map(Number).filter((candidate) => candidate > 1)
  const checks = pids.map(async (candidate) => (await readlink(`/proc/${candidate}/ns/mnt`).catch(() => '')) === namespace)
  const isInside = await Promise.all(checks)
  return pids.filter((_, index) => isInside[index])
}

async function killAll(pids: readonly number[]): Promise<void> {
  const identities = [...new Set(pids)].flatMap((pid) => identifyProcess(pid) ?? [])
  for (const identity of identities) signalProcess(identity, 'SIGKILL')
  await Promise.all(identities.map((identity) => waitForExit(identity, 5_000)))
}
