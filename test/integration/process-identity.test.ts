import { spawn } from 'node:child_process'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { describe, expect, inject, it } from 'vitest'
import { stopDockerDaemon } from '../../src/local/docker-daemon.ts'
import { clearLeftovers } from '../../src/local/dockerd.ts'
import { identifyProcess, isRunning, signalProcess, waitForExit } from '../../src/local/process-identity.ts'

describe('the identity of a process', () => {
  it('is the same for as long as it lives, and ends with it', async () => {
    const child = sleeper()
    const identity = identified(child.pid)
    expect(isRunning(identity)).toBe(true)
    expect(signalProcess(identity, 'SIGTERM')).toBe(true)

    expect(await waitForExit(identity, 5_000)).toBe(true)
    expect(signalProcess(identity, 'SIGTERM')).toBe(false)
  })

  it('protects a process that got the pid of an ended one', async () => {
    const child = sleeper()
    const recycled = { ...identified(child.pid), startedAt: 'another life' }

    expect(signalProcess(recycled, 'SIGKILL')).toBe(false)
    expect(isRunning(identified(child.pid))).toBe(true)
    child.kill()
  })
})

describe('stopping the Docker daemon', () => {
  it('never ends a process that got the pid of the daemon we started', async () => {
    const child = sleeper()
    const dataDir = await newFolder()
    await writeFile(path.join(dataDir, 'dockerd.json'), JSON.stringify({ pid: child.pid, startedAt: 'another life' }))

    expect(await stopDockerDaemon({ dataDir, onProgress: () => {} })).toBe(false)
    expect(isRunning(identified(child.pid))).toBe(true)
    child.kill()
  })

  it('touches nothing when no start of ours is recorded', async () => {
    expect(await stopDockerDaemon({ dataDir: await newFolder(), onProgress: () => {} })).toBe(false)
  })
})

describe('what a killed Docker daemon left', () => {
  it('is removed when its pid is another program by now', async () => {
    const folder = await newFolder()
    const pidFile = path.join(folder, 'docker.pid')
    await writeFile(pidFile, String(process.pid))

    expect(await clearLeftovers(pidFile, folder)).toBeUndefined()
    await expect(readFile(pidFile)).rejects.toThrow(/ENOENT/)
  })
})

function sleeper() {
  return spawn('sleep', ['60'], { stdio: 'ignore' })
}

function identified(pid: number | undefined) {
  const identity = pid === undefined ? undefined : identifyProcess(pid)
  if (identity === undefined) throw new Error(`no process ${pid}`)
  return identity
}

async function newFolder(): Promise<string> {
  const folder = path.join(inject('runFolder'), crypto.randomUUID())
  await mkdir(folder)
  return folder
}
