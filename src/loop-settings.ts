import path from 'node:path'
import type { Config } from './config.ts'
import type { LoopDeps } from './controller/deps.ts'
import type { StateMount } from './model/game.ts'

/** What the loop has to know of the configuration. */
export function settingsOf({ images, defaults, docker, state, timings, engines }: Config): LoopDeps['settings'] {
  return {
    images: { imageTemplate: images.template, allowedRegistries: images.allowedRegistries },
    defaultLimits: defaults.limits,
    pullPolicy: docker.pullPolicy,
    network: docker.network,
    mayCreateNetwork: docker.createNetwork,
    graceMs: timings.gracePeriodMs,
    engineStartMs: timings.engineStartMs,
    cleanupTtlMs: timings.cleanupTtlMs,
    turnMs: timings.turnMs,
    catchUp: engines.turnCatchUp,
    restartAfter: timings.probeRestartAfter,
    stateOf: (gameId): StateMount => ({
      path: path.join(state.root, gameId),
      hostPath: path.join(state.rootHost, gameId),
      mountPath: state.mountPath,
      envName: state.envName,
    }),
  }
}
