import { z } from 'zod'
import type { DockerClients } from '../docker/client.ts'
import { DockerRefusal, isMissing } from '../docker/errors.ts'
import { LABEL, OWNER } from '../model/labels.ts'

/**
 * Removes the network if this instance made it and no container is on it, not even a stopped one: that one could not be
 * started again without it.
 * @returns whether it was removed
 */
export async function removeUnusedNetwork(clients: DockerClients, instance: string, name: string, signal: AbortSignal): Promise<boolean> {
  const network = await inspectNetwork(clients, name, signal)
  if (network === null || network.Labels[LABEL.owner] !== OWNER || network.Labels[LABEL.instance] !== instance) return false
  const query = { all: true, filters: { network: [network.Id] } }
  const attached = z
    .array(z.unknown())
    .parse(await clients.send({ kind: 'container_list', method: 'GET', path: '/containers/json', query }, signal))
  if (attached.length > 0) return false
  try {
    await clients.send({ kind: 'network_remove', method: 'DELETE', path: `/networks/${network.Id}` }, signal)
    return true
  } catch (error) {
    // Somebody put a container on it just now, or removed it first.
    if (error instanceof DockerRefusal && [403, 404, 409].includes(error.status)) return false
    throw error
  }
}

const networkShape = z.object({
  Id: z.string(),
  Labels: z
    .record(z.string(), z.string())
    .nullish()
    .transform((labels) => labels ?? {}),
})

async function inspectNetwork(clients: DockerClients, name: string, signal: AbortSignal) {
  try {
    return networkShape.parse(
      await clients.send({ kind: 'network_inspect', method: 'GET', path: `/networks/${encodeURIComponent(name)}` }, signal),
    )
  } catch (error) {
    if (isMissing(error)) return null
    throw error
  }
}
