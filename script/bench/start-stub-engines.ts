import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { StubEnginesTask, TurnArrival } from './stub-engines.ts'

export interface StubEngines {
  /** Requests for turns since the last call, in the order they came. */
  take(): Promise<readonly TurnArrival[]>
  stop(): Promise<void>
}

/** Starts the process of stub engines; resolves once all of them listen. */
export async function startStubEngines(task: StubEnginesTask, signal: AbortSignal): Promise<StubEngines> {
  const child = fork(fileURLToPath(new URL('stub-engines.ts', import.meta.url)), [], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  const exited = once(child, 'exit')
  const ended = exited.then(() => Promise.reject(new Error('the stub engines ended')))
  ended.catch(() => {}) // so they do when they are stopped
  try {
    await ask(child, ended, task, signal)
  } catch (error) {
    child.kill('SIGKILL')
    await exited
    throw error
  }
  return {
    take: async () => (await ask(child, ended, 'take', signal)) as readonly TurnArrival[], // stub-engines.ts sends nothing else
    stop: async () => {
      if (child.connected) child.disconnect()
      await exited
    },
  }
}

/** One message there, one back. */
async function ask(child: ChildProcess, ended: Promise<never>, message: StubEnginesTask | 'take', signal: AbortSignal): Promise<unknown> {
  const answered = once(child, 'message', { signal })
  child.send(message)
  const [answer] = await Promise.race([answered, ended])
  return answer
}
