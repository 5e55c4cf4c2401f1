import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

/** A program of this folder in a process of its own, spoken with over its IPC channel. */
export interface Forked {
  /** Sends a message and waits for the one that comes back; of the shape that the program's own file tells. */
  ask(message: string | object): Promise<unknown>
  /** By SIGTERM, and by SIGKILL when that does not end it. */
  stop(): Promise<void>
}

const STOP_TIMEOUT_MS = 20_000

export interface ForkOptions {
  /** File of this folder. */
  readonly program: string
  readonly nodeOptions?: readonly string[]
  /** Descriptor that its stdout goes to; the parent's own where left out. */
  readonly stdout?: number
}

export function forkProgram({ program, nodeOptions = [], stdout }: ForkOptions, signal: AbortSignal): Forked {
  const child = fork(fileURLToPath(new URL(program, import.meta.url)), [], {
    execArgv: [...nodeOptions],
    stdio: ['ignore', stdout ?? 'inherit', 'inherit', 'ipc'],
  })
  const exited = once(child, 'exit')
  const ended = exited.then(() => Promise.reject(new Error(`${program} ended`)))
  ended.catch(() => undefined) // so it does when it is stopped
  return {
    ask: async (message) => {
      const answered = once(child, 'message', { signal })
      child.send(message)
      const [answer]: readonly unknown[] = await Promise.race([answered, ended])
      return answer
    },
    stop: () => end(child, exited),
  }
}

async function end(child: ChildProcess, exited: Promise<unknown>): Promise<void> {
  const killer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS)
  child.kill('SIGTERM')
  await exited
  clearTimeout(killer)
}
