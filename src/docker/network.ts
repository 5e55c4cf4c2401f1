import { z } from 'zod'
import { RuntimeFailure } from '../model/errors.ts'
import { LABEL, OWNER } from '../model/labels.ts'
import type { NetworkState } from '../model/observed.ts'
import type { DockerClients } from './client.ts'
import { DockerRefusal, unexpected } from './errors.ts'

/**
 * Makes a bridge network, labelled as ours; one of that name that exists already is success.
 *
 * Docker takes several networks of one name when they are asked for at the same moment, `CheckDuplicate` or not, and then
 * starts no container on either ("network X is ambiguous"): so what came double is taken away again, the oldest stays.
 */
export async function createNetwork(clients: DockerClients, instance: string, name: string, signal: AbortSignal): Promise<void> {
  const body = { Name: name, Driver: 'bridge', CheckDuplicate: true, Labels: { [LABEL.owner]: OWNER, [LABEL.instance]: instance } }
  try {
    await clients.send({ kind: 'network_create', method: 'POST', path: '/networks/create', body }, signal)
  } catch (error) {
    if (isOutOfAddresses(error)) throw outOfAddresses(name)
    if (!(error instanceof DockerRefusal && error.status === 409)) throw unexpected(error, `create network ${name}`)
  }
  await removeDuplicates(clients, instance, name, signal)
}

/** Docker answers 500, as it does where it is at a loss itself; but this is the host's to mend, and told at once. */
function isOutOfAddresses(error: unknown): boolean {
  return error instanceof DockerRefusal && /non-overlapping|address pool/i.test(error.message)
}

function outOfAddresses(name: string): RuntimeFailure {
  const message = `docker has no addresses left for network ${name}; remove networks that nobody needs (docker network prune), or give it more (default-address-pools)`
  return new RuntimeFailure('transient', 'container_start_failed', message)
}

async function removeDuplicates(clients: DockerClients, instance: string, name: string, signal: AbortSignal): Promise<void> {
  const ours = (await readNetworks(clients, signal))
    .filter((network) => network.Name === name && network.Labels?.[LABEL.owner] === OWNER && network.Labels[LABEL.instance] === instance)
    .sort((a, b) => (a.Created < b.Created ? -1 : 1))
  for (const { Id } of ours.slice(1)) {
    try {
      await clients.send({ kind: 'network_remove', method: 'DELETE', path: `/networks/${Id}` }, signal)
    } catch (error) {
      // Gone already, or in use by then: either is somebody else's doing.
      if (!(error instanceof DockerRefusal)) throw unexpected(error, `remove the second network ${name}`)
    }
  }
}

/** Has everybody who wants one network wait for the same creation: all games of a new host want it at once. */
export function shareCreation(
  create: (name: string, signal: AbortSignal) => Promise<void>,
): (name: string, signal: AbortSignal) => Promise<void> {
  const underWay = new Map<string, Promise<void>>()
  return (name, signal) => {
    const shared = underWay.get(name) ?? create(name, signal).finally(() => underWay.delete(name))
    underWay.set(name, shared)
    return shared
  }
}

/** Names of all networks of the daemon. */
export async function listNetworks(clients: DockerClients, signal: AbortSignal): Promise<readonly string[]> {
  return (await readNetworks(clients, signal)).map((network) => network.Name)
}

async function readNetworks(clients: DockerClients, signal: AbortSignal): Promise<z.infer<typeof networksShape>> {
  try {
    return networksShape.parse(await clients.send({ kind: 'network_list', method: 'GET', path: '/networks' }, signal))
  } catch (error) {
    throw unexpected(error, 'list networks')
  }
}

/** How it stands with the network of exactly this name. */
export async function readNetworkState(clients: DockerClients, name: string, signal: AbortSignal): Promise<NetworkState> {
  const namesakes = (await listNetworks(clients, signal)).filter((each) => each === name)
  if (namesakes.length === 0) return 'missing'
  return namesakes.length === 1 ? 'present' : 'ambiguous'
}

/** Names of the networks a container is attached to, ours or not; null when the daemon has no such container. */
export async function networksOfContainer(clients: DockerClients, id: string, signal: AbortSignal): Promise<readonly string[] | null> {
  try {
    const answer = await clients.send({ kind: 'container_inspect', method: 'GET', path: `/containers/${id}/json` }, signal)
    return Object.keys(attachedShape.parse(answer).NetworkSettings.Networks)
  } catch (error) {
    if (error instanceof DockerRefusal && error.status === 404) return null
    throw unexpected(error, `inspect container ${id.slice(0, 12)}`)
  }
}

const attachedShape = z.object({ NetworkSettings: z.object({ Networks: z.record(z.string(), z.unknown()) }) })

const networksShape = z.array(
  z.object({ Id: z.string(), Name: z.string(), Created: z.string(), Labels: z.record(z.string(), z.string()).nullish() }),
)
