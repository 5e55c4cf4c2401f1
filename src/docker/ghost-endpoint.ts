import { RuntimeFailure } from '../model/errors.ts'
import { successorName } from '../model/labels.ts'
import type { ObservedContainer } from '../model/observed.ts'
import type { DockerContext } from './context.ts'
import { DockerRefusal } from './errors.ts'
import { renameContainer } from './rename.ts'

/** What a container that is gone has left on a network. An endpoint is known by its container's name. */
export interface GhostEndpoint {
  readonly endpoint: string
  readonly network: string
}

/** @param message of a start that was refused; null when it is about something else */
export function ghostEndpointOf(message: string): GhostEndpoint | null {
  const match = /endpoint with name (\S+) already exists in network (\S+?)[.,]?(\s|$)/i.exec(message)
  const [, endpoint, network] = match ?? []
  return endpoint === undefined || network === undefined ? null : { endpoint, network }
}

/**
 * Takes it off its network by force. Docker looks for a container of the endpoint's name first: while ours has that name, it is ours that would
 * be taken off, and it would run without a network from then on (daemon/container_operations.go, 20.10). So ours steps aside meanwhile, under a name
 * that the planner gives back where this is cut short.
 *
 * @param container ours, which does not run
 */
export async function clearGhost(
  context: DockerContext,
  { id, labels }: ObservedContainer,
  ghost: GhostEndpoint,
  signal: AbortSignal,
): Promise<void> {
  const aside = await renameContainer(context, id, successorName(ghost.endpoint, labels.operationId ?? id), signal)
  if (aside.kind !== 'renamed') return
  try {
    await disconnect(context, ghost, signal)
  } finally {
    await takeBack(context, id, ghost.endpoint, signal)
  }
}

async function takeBack(context: DockerContext, id: string, name: string, signal: AbortSignal): Promise<void> {
  const back = await renameContainer(context, id, name, signal)
  if (back.kind !== 'name_taken') return
  throw new RuntimeFailure('conflict', 'conflict', `container ${id} has lost its name ${name} to container ${back.id}`)
}

async function disconnect({ clients }: DockerContext, { endpoint, network }: GhostEndpoint, signal: AbortSignal): Promise<void> {
  const body = { Container: endpoint, Force: true }
  try {
    await clients.send(
      { kind: 'network_disconnect', method: 'POST', path: `/networks/${encodeURIComponent(network)}/disconnect`, body },
      signal,
    )
  } catch (error) {
    // Then the second start tells what is wrong, in Docker's words.
    if (!(error instanceof DockerRefusal)) throw error
  }
}
