import { hostname } from 'node:os'
import type { Kysely } from 'kysely'
import type { Config } from './config.ts'
import { runLeadership } from './controller/leadership.ts'
import type { OnBegin } from './controller/queue.ts'
import type { Database } from './database/tables.ts'
import type { CallObserver } from './docker/calls.ts'
import { connectDocker, type DockerClients } from './docker/client.ts'
import { DEFAULT_SOCKET, type DockerAddress, parseHost } from './local/docker-address.ts'
import type { Log } from './log.ts'
import type { Observers } from './metrics/metrics.ts'
import { messageOf, RuntimeFailure } from './model/errors.ts'
import { pause } from './pause.ts'
import { realSurroundings } from './surroundings.ts'
import { type ActiveTerm, runTerm } from './term.ts'

export interface DriveOptions {
  readonly config: Config
  readonly databaseUrl: string
  /** Holds the lease row; its writes are not fenced. */
  readonly db: Kysely<Database>
  /** The database's own id. */
  readonly deployment: string
  /** The daemon that was found already; else the configured one, or the default socket. */
  readonly docker?: DockerAddress
  /** Runs on lists alone when false, as if the event stream were dead; slower to see, no less right. */
  readonly useEvents?: boolean
  /** Sees every Docker call as it ends. */
  readonly onDockerCall?: CallObserver
  /** Sees every pass of a term's loop as it begins. */
  readonly onPass?: OnBegin
  /** Without them nothing is measured. */
  readonly observers?: Observers
  readonly log: Log
  readonly signal: AbortSignal
}

/** What the doors see of the driving side: written by `drive` alone. */
export interface DriveState {
  active: ActiveTerm | null
  /** Why Docker cannot be used yet; null when it can. */
  dockerProblem: string | null
}

/** Drives the games for as long as the lease is held, waits for it otherwise, until the signal aborts; games keep running. */
export async function drive(options: DriveOptions, state: DriveState): Promise<void> {
  const docker = await connectPatiently(options, state)
  if (docker === null) return
  const { config, databaseUrl, db, deployment, log, signal, useEvents = true, onPass, observers } = options
  const { leaseMs, leaseRenewMs: renewMs, staleAfterMs } = config.timings
  const identity = { instance: config.instance, deployment }
  const onActive = (active: ActiveTerm): void => {
    state.active = active
  }
  try {
    await runLeadership({
      db,
      instance: config.instance,
      holder: `${hostname()}/${process.pid}`,
      leaseMs,
      renewMs,
      staleAfterMs,
      observer: observers?.leadership,
      log,
      signal,
      runTerm: (term) =>
        runTerm(term, {
          config,
          databaseUrl,
          docker,
          identity,
          log,
          useEvents,
          onPass,
          observers,
          surroundings: realSurroundings,
          onActive,
        }).finally(() => {
          state.active = null
        }),
    })
  } finally {
    docker.close()
  }
}

const DOCKER_RETRY_MS = 1_000

/** Connects as soon as Docker answers; until then nothing is contended for and readiness says why. */
async function connectPatiently(
  { config, docker, onDockerCall, observers, signal, log }: DriveOptions,
  state: DriveState,
): Promise<DockerClients | null> {
  const address = addressOf(config, docker)
  while (!signal.aborted) {
    try {
      const clients = await connectDocker({
        address,
        callMs: config.timings.dockerCallMs,
        signal,
        onCall: (...call) => {
          observers?.docker.onCall(...call)
          onDockerCall?.(...call)
        },
      })
      state.dockerProblem = null
      return clients
    } catch (error) {
      if (signal.aborted) return null
      if (error instanceof RuntimeFailure && error.kind === 'terminal') throw error
      const problem = messageOf(error)
      if (problem !== state.dockerProblem) log.warn({ error: problem }, 'docker cannot be reached; trying on')
      state.dockerProblem = problem
      await pause(DOCKER_RETRY_MS, signal)
    }
  }
  return null
}

function addressOf(config: Config, found: DockerAddress | undefined): DockerAddress {
  if (found !== undefined) return found
  return config.docker.host === null ? { kind: 'socket', socketPath: DEFAULT_SOCKET } : parseHost(config.docker.host, undefined)
}
