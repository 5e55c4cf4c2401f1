import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { open } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ControllerTask } from './controller.ts'

export interface ControllerProcess {
  stop(): Promise<void>
}

const STOP_TIMEOUT_MS = 20_000

/**
 * Starts a controller process that logs into the task's folder as a deployment's would; resolves once it drives games.
 *
 * @param profileDir where it leaves a CPU profile when it ends; null takes none
 */
export async function startController(task: ControllerTask, profileDir: string | null, signal: AbortSignal): Promise<ControllerProcess> {
  const log = await open(path.join(task.folder, 'controller.log'), 'a')
  const execArgv = profileDir === null ? [] : ['--cpu-prof', `--cpu-prof-dir=${path.resolve(profileDir)}`]
  const child = fork(fileURLToPath(new URL('controller.ts', import.meta.url)), [], {
    execArgv,
    stdio: ['ignore', log.fd, 'inherit', 'ipc'],
  })
  await log.close()
  const exited = once(child, 'exit')
  child.send(task)
  try {
    await Promise.race([
      once(child, 'message', { signal }),
      exited.then(() => Promise.reject(new Error('the controller ended before it drove anything'))),
    ])
  } catch (error) {
    await end(child, exited)
    throw error
  }
  return { stop: () => end(child, exited) }
}

async function end(child: ChildProcess, exited: Promise<unknown>): Promise<void> {
  const killer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS)
  child.kill('SIGTERM')
  await exited
  clearTimeout(killer)
}
