import { open } from 'node:fs/promises'
import path from 'node:path'
import type { ApiAddress } from '../../src/api/address-file.ts'
import type { ControllerMemory } from './api-controller.ts'
import type { ControllerTask, ControllerUsage } from './controller.ts'
import { type Forked, forkProgram } from './forked.ts'

export interface ControllerProcess {
  usage(): Promise<ControllerUsage>
  /** The same, after its garbage was collected: V8 does that at a time of its own after much was done, and it costs as much as an idle minute. */
  usageCollected(): Promise<ControllerUsage>
  stop(): Promise<void>
}

/** A controller with its API. */
export interface ApiControllerProcess {
  readonly api: ApiAddress
  /** After its garbage was collected. */
  memory(): Promise<ControllerMemory>
  stop(): Promise<void>
}

/**
 * Starts a controller process that logs into the task's folder as a deployment's would; resolves once it drives games.
 *
 * @param profileDir where it leaves a CPU profile when it ends; null takes none
 */
export async function startController(task: ControllerTask, profileDir: string | null, signal: AbortSignal): Promise<ControllerProcess> {
  const { forked } = await begin('controller.ts', task, profileDir, signal)
  const ask = async (what: 'usage' | 'collect') => (await forked.ask(what)) as ControllerUsage // controller.ts sends nothing else by now
  return { usage: () => ask('usage'), usageCollected: () => ask('collect'), stop: forked.stop }
}

/** The same with its API, which listens once this resolves. */
export async function startApiController(
  task: ControllerTask,
  profileDir: string | null,
  signal: AbortSignal,
): Promise<ApiControllerProcess> {
  const { forked, answer } = await begin('api-controller.ts', task, profileDir, signal)
  return {
    api: answer as ApiAddress, // what api-controller.ts sends first
    memory: async () => (await forked.ask('collect')) as ControllerMemory, // and later
    stop: forked.stop,
  }
}

async function begin(
  program: string,
  task: ControllerTask,
  profileDir: string | null,
  signal: AbortSignal,
): Promise<{ readonly forked: Forked; readonly answer: unknown }> {
  const log = await open(path.join(task.folder, 'controller.log'), 'a')
  const profiling = profileDir === null ? [] : ['--cpu-prof', `--cpu-prof-dir=${path.resolve(profileDir)}`]
  const forked = forkProgram({ program, nodeOptions: ['--expose-gc', ...profiling], stdout: log.fd }, signal)
  await log.close()
  try {
    return { forked, answer: await forked.ask(task) }
  } catch (error) {
    await forked.stop()
    throw error
  }
}
