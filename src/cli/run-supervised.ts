import type { ApiAddress } from '../api/address-file.ts'
import { type RunOptions, runController } from '../app.ts'
import type { Config } from '../config.ts'
import { serviceManager } from '../local/systemd.ts'
import { askReadiness } from './readiness.ts'
import { tellSupervisor } from './tell-supervisor.ts'

/** `runController`, of which systemd is told where it wants to be. */
export async function runSupervised(env: NodeJS.ProcessEnv, config: Config, options: RunOptions): Promise<void> {
  const manager = serviceManager(env, process)
  if (manager === null) return runController(config, options)
  const ended = new AbortController()
  const signal = AbortSignal.any([options.signal, ended.signal])
  let telling: Promise<void> = Promise.resolve()
  const onReady = (api: ApiAddress): void => {
    telling = tellSupervisor({ manager, ask: () => askReadiness(api), signal, log: options.log })
    options.onReady?.(api)
  }
  try {
    await runController(config, { ...options, onReady })
  } finally {
    ended.abort()
    await telling
  }
}
