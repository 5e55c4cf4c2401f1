import { inject } from 'vitest'
import type { ApiAddress } from '../../src/api/address-file.ts'
import { runController } from '../../src/app.ts'
import { createLog, type Log } from '../../src/log.ts'
import { createDeployment, type Deployment } from './deployment.ts'
import { type Exposition, parseExposition } from './prometheus-text.ts'
import { registerReferenceEngine } from './reference-engine.ts'
import { type SimulatorProcess, startSimulatorProcess } from './simulator-process.ts'

/** Controllers with their APIs, in this process, on a Docker simulator that serves the reference engine. */
export interface SimulatedControllers {
  readonly deployment: Deployment
  readonly simulator: SimulatorProcess
  /** The first one leads; another one is its standby. */
  start(log?: Log): Promise<ControllerHere>
  dispose(): Promise<void>
}

export interface ControllerHere {
  readonly api: ApiAddress
  /** Asks for `/metrics` as a scraper would. */
  scrape(): Promise<Exposition>
  stop(): Promise<void>
}

export async function simulatedControllers(overrides: Readonly<Record<string, unknown>> = {}): Promise<SimulatedControllers> {
  const simulator = await startSimulatorProcess(inject('runFolder'), {}, '--real-time')
  const docker = { kind: 'socket', socketPath: simulator.socketPath } as const
  const deployment = await createDeployment(overrides, docker)
  await registerReferenceEngine(deployment)
  const running = new Set<ControllerHere>()

  async function start(log: Log = createLog('silent')): Promise<ControllerHere> {
    const abort = new AbortController()
    const ready = Promise.withResolvers<ApiAddress>()
    const ended = runController(deployment.config, { signal: abort.signal, log, docker, onReady: ready.resolve })
    ended.catch(ready.reject)
    const api = await ready.promise
    const controller: ControllerHere = {
      api,
      scrape: async () => {
        const answer = await fetch(`${api.url}/metrics`, { headers: { authorization: `Bearer ${api.token}` } })
        return parseExposition(await answer.text())
      },
      stop: async () => {
        abort.abort()
        await ended
      },
    }
    running.add(controller)
    return controller
  }

  return {
    deployment,
    simulator,
    start,
    dispose: async () => {
      await Promise.all([...running].map((each) => each.stop()))
      await deployment.dispose()
      await simulator.stop()
    },
  }
}
