// `api-controller.ts` with an IPC channel: a whole controller with its API, composed as in production, in a process of its own. It ends
// when the channel does.
import type { ApiAddress } from '../../src/api/address-file.ts'
import { runController } from '../../src/app.ts'
import { loadConfig } from '../../src/config.ts'
import { createLog } from '../../src/log.ts'
import type { ControllerTask } from './controller.ts'

/** Of the process, after its garbage was collected; the answer to every message but the first. */
export interface ControllerMemory {
  readonly heapBytes: number
  readonly residentBytes: number
}

process.once('message', (message) => void run(message as ControllerTask)) // sent by start-controller.ts alone

/** Sends the API's address once it listens. */
async function run({ overrides, folder, databaseUrl, docker }: ControllerTask): Promise<void> {
  const abort = new AbortController()
  const end = () => abort.abort()
  process.once('disconnect', end).on('SIGINT', end).on('SIGTERM', end)
  process.on('message', () => {
    globalThis.gc?.()
    const { heapUsed: heapBytes, rss: residentBytes } = process.memoryUsage()
    process.send?.({ heapBytes, residentBytes } satisfies ControllerMemory)
  })
  const { config } = loadConfig({ env: {}, cwd: folder, overrides: { ...overrides, databaseUrl } })
  const onReady = (api: ApiAddress): void => void process.send?.(api)
  await runController(config, { docker, log: createLog(config.log.level), signal: abort.signal, onReady })
  if (process.connected) process.disconnect?.()
}
