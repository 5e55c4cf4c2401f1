import pLimit from 'p-limit'
import type { Config } from '../config.ts'
import { connectDocker, type DockerClients } from '../docker/client.ts'
import { type DockerContext, rememberIds } from '../docker/context.ts'
import { createObserver } from '../docker/observe.ts'
import { removeContainer } from '../docker/remove.ts'
import { stopContainer } from '../docker/stop.ts'
import type { OnProgress } from '../local/progress.ts'
import { messageOf } from '../model/errors.ts'
import type { ObservedContainer } from '../model/observed.ts'
import type { Deployment } from './deployment.ts'
import { CliError } from './exit.ts'
import { findDocker } from './docker-environment.ts'
import { removeUnusedNetwork } from './unused-network.ts'

const AT_ONCE = 8

/**
 * Stops and removes the containers that carry this very deployment's id, or an adopted one's, and the network if we made it and it is empty.
 * A container without a deployment's id may be managed by us, but was not started by us: it is left alone (S2).
 *
 * @throws CliError naming the containers that could not be ended, or when no daemon answers though games may have some
 */
export async function endContainers(env: NodeJS.ProcessEnv, config: Config, deployment: Deployment, say: OnProgress): Promise<void> {
  const signal = new AbortController().signal
  const docker = await findDocker(env, config, signal)
  if (docker.kind !== 'found') {
    const why = docker.kind === 'denied' ? 'this user may not talk to the Docker daemon at' : 'no Docker daemon answers at'
    if (deployment.gamesWithContainer === 0) return say(`no containers to end, by the database's word: ${why} ${docker.origin}`)
    throw new CliError(
      `the games' containers (${deployment.gamesWithContainer}) could not be ended: ${why} ${docker.origin}; once it answers, run this again`,
    )
  }
  const clients = await connectDocker({ address: docker.address, callMs: config.timings.dockerCallMs, signal })
  try {
    await endAll(clients, config, deployment, signal, say)
    const { network } = config.docker
    if (await removeUnusedNetwork(clients, config.instance, network, signal)) say(`network ${network} removed`)
  } finally {
    clients.close()
  }
}

async function endAll(
  clients: DockerClients,
  config: Config,
  { id, adopted }: Deployment,
  signal: AbortSignal,
  say: OnProgress,
): Promise<void> {
  const identity = { instance: config.instance, deployment: id, adopted }
  const { mountPath } = config.state
  const { ours } = await createObserver({ clients, identity, mountPath, onUnusable: () => undefined }).listContainers(signal)
  const context: DockerContext = { clients, identity, mountPath, proven: rememberIds(ours.length + 1) }
  const limit = pLimit(AT_ONCE)
  const labelled = ours.filter(({ labels }) => labels.deployment !== null)
  const failures = await Promise.all(
    labelled.map((container) => limit(() => endOne(context, container, config.timings.gracePeriodMs, signal, say))),
  )
  for (const { name } of ours.filter(({ labels }) => labels.deployment === null))
    say(`${name} is left alone: this program did not start it`)
  const failed = failures.filter((failure) => failure !== null)
  if (failed.length > 0) throw new CliError(`some containers could not be ended:\n${failed.join('\n')}`)
}

/** Null once it is gone, else why not: one that can't be ended must not keep the others. */
async function endOne(
  context: DockerContext,
  container: ObservedContainer,
  graceMs: number,
  signal: AbortSignal,
  say: OnProgress,
): Promise<string | null> {
  try {
    await stopContainer(context, container.id, graceMs, signal)
    await removeContainer(context, container.id, container.state === 'dead', signal)
    say(`${container.name} stopped and removed`)
    return null
  } catch (error) {
    return `  ${container.name}: ${messageOf(error)}`
  }
}
