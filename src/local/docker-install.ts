import { spawn } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import type { OnProgress } from './progress.ts'

/** Debian, Ubuntu and what calls itself like them (os-release(5)); on any other system nothing is ever installed. */
export async function isDebianLike(osReleaseFile = '/etc/os-release'): Promise<boolean> {
  const text = await readFile(osReleaseFile, 'utf8').catch(() => '')
  const words = [...text.matchAll(/^(?:ID|ID_LIKE)=(.*)$/gm)].flatMap((match) => (match[1] ?? '').replaceAll(/["']/g, '').split(/\s+/))
  return words.includes('debian') || words.includes('ubuntu')
}

/** How long another apt or dpkg (unattended upgrades on a fresh machine) is waited for. */
const LOCK_TIMEOUT_S = 300
const HEARTBEAT_MS = 5_000

/**
 * Installs the distribution's `docker.io`. A `policy-rc.d` that forbids starting services is no failure: the daemon is
 * started by the caller.
 * @throws with the end of apt's output
 */
export async function installDocker(env: NodeJS.ProcessEnv, signal: AbortSignal, onProgress: OnProgress): Promise<void> {
  const aptEnv = { ...env, DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C' }
  onProgress('No Docker daemon found: installing docker.io with apt-get, because this is Debian or Ubuntu and we are root')
  await apt(['update'], aptEnv, signal, onProgress)
  const install = ['install', '-y', '--no-install-recommends', 'docker.io']
  await apt(install, aptEnv, signal, onProgress)
}

async function apt(args: readonly string[], env: NodeJS.ProcessEnv, signal: AbortSignal, onProgress: OnProgress): Promise<void> {
  const startedMs = performance.now()
  const secondsPassed = () => Math.round((performance.now() - startedMs) / 1000)
  const heartbeat = setInterval(() => onProgress(`  apt-get ${args[0]}, ${secondsPassed()} s`), HEARTBEAT_MS)
  try {
    for (;;) {
      const { code, output } = await runApt(args, env, signal)
      if (code === 0) return
      // The option below covers dpkg's lock only, not that of the package lists.
      const isLocked = /could not get lock|unable to lock|is another process using it/i.test(output)
      if (!isLocked || secondsPassed() > LOCK_TIMEOUT_S) throw new Error(failureMessage(args, code, output))
      await delay(1_000, undefined, { signal })
    }
  } finally {
    clearInterval(heartbeat)
  }
}

function runApt(args: readonly string[], env: NodeJS.ProcessEnv, signal: AbortSignal): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve, reject) => {
    // Not killed by the signal: a half-run dpkg leaves the system broken. The abort counts after it has ended.
    const child = spawn('apt-get', ['-o', `DPkg::Lock::Timeout=${LOCK_TIMEOUT_S}`, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
      env,
    })
    let output = ''
    const keep = (chunk: Buffer) => (output = (output + chunk.toString()).slice(-8_000))
    child.stdout.on('data', keep)
    child.stderr.on('data', keep)
    child.on('error', reject)
    child.on('close', (code) => (signal.aborted ? reject(signal.reason) : resolve({ code, output })))
  })
}

function failureMessage(args: readonly string[], code: number | null, output: string): string {
  const lastLines = output.trimEnd().split('\n').slice(-5).join('\n')
  return `apt-get ${args.join(' ')} ended with ${code}:\n${lastLines}
Install Docker by hand (apt-get install docker.io), or point DOCKER_HOST to a daemon, and start again.`
}
