import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { open } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ControllerTask, ControllerUsage } from './controller.ts'

export interface ControllerProcess {
  usage(): Promise<ControllerUsage>
  /** The same, after its garbage was collected: V8 does that at a time of its own after much was done, and it costs as much as an idle minute. */
  usageCollected(): Promise<ControllerUsage>
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
  const profiling = profileDir === null ? [] : ['--cpu-prof', `--cpu-prof-dir=${path.resolve(profileDir)}`]
  const child = fork(fileURLToPath(new URL('controller.ts', import.meta.url)), [], {
    execArgv: ['--expose-gc', ...profiling],
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
  return { usage: () => ask('usage', child, signal), usageCollected: () => ask('collect', child, signal), stop: () => end(child, exited) }
}

async function ask(what: 'usage' | 'collect', child: ChildProcess, signal: AbortSignal): Promise<ControllerUsage> {
  const answered = once(child, 'message', { signal })
  child.send(what)
  const [answer] = await answered
  return answer as ControllerUsage // controller.ts sends nothing else by now
}

async function end(child: ChildProcess, exited: Promise<unknown>): Promise<void> {
  const killer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS)
  child.kill('SIGTERM')
  await exited
  clearTimeout(killer)
}
