import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { inject } from 'vitest'
import type { Deployment } from './deployment.ts'
import type { DriveRequest } from './drive-process.ts'

export interface WholeController {
  readonly process: ChildProcess
  /** Calls the API; `userId` names the player for whom it is asked. */
  call(method: 'GET' | 'POST', path: string, options?: { readonly userId?: string; readonly body?: unknown }): Promise<ApiAnswer>
  kill(): Promise<void>
}

export interface ApiAnswer {
  readonly status: number
  readonly body: Readonly<Record<string, unknown>>
}

const PROGRAM = fileURLToPath(new URL('controller-process.ts', import.meta.url))

/** Runs the controller with its API in a process of its own; resolves when the API listens. */
export async function startWholeController({ config }: Deployment): Promise<WholeController> {
  const owned = config as DriveRequest['config'] // a test's deployment has its database's URL
  const request: DriveRequest = { config: owned, docker: inject('dockerAddress'), useEvents: inject('useEvents') }
  const child = spawn(process.execPath, [PROGRAM], {
    env: { ...process.env, DRIVE: JSON.stringify(request) },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string]
  const { url, token } = JSON.parse(line) as { url: string; token: string } // controller-process.ts writes it
  return {
    process: child,
    call: async (method, path, { userId, body } = {}) => {
      const answer = await fetch(`${url}/api/v1${path}`, {
        method,
        headers: {
          authorization: `Bearer ${token}`,
          ...(userId !== undefined && { 'galaxy-user-id': userId }),
          ...(body !== undefined && { 'content-type': 'application/json' }),
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      })
      return { status: answer.status, body: (await answer.json()) as ApiAnswer['body'] }
    },
    kill: async () => {
      const ended = once(child, 'exit')
      child.kill('SIGKILL')
      await ended
    },
  }
}
