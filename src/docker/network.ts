import { z } from 'zod'
import { LABEL, OWNER } from '../model/labels.ts'
import type { DockerClients } from './client.ts'
import { DockerRefusal, unexpected } from './errors.ts'

/** Makes a bridge network, labelled as ours; one of that name that exists already is success. */
export async function createNetwork(clients: DockerClients, instance: string, name: string, signal: AbortSignal): Promise<void> {
  // Without CheckDuplicate an older Docker makes a second network of the same name.
  const body = { Name: name, Driver: 'bridge', CheckDuplicate: true, Labels: { [LABEL.owner]: OWNER, [LABEL.instance]: instance } }
  try {
    await clients.send({ kind: 'network_create', method: 'POST', path: '/networks/create', body }, signal)
  } catch (error) {
    if (error instanceof DockerRefusal && error.status === 409) return
    throw unexpected(error, `create network ${name}`)
  }
}

/** Names of all networks of the daemon. */
export async function listNetworks(clients: DockerClients, signal: AbortSignal): Promise<readonly string[]> {
  try {
    const answer = await clients.send({ kind: 'network_list', method: 'GET', path: '/networks' }, signal)
    return networksShape.parse(answer).map((network) => network.Name)
  } catch (error) {
    throw unexpected(error, 'list networks')
  }
}

/** Whether there is a network of exactly this name. */
export async function networkExists(clients: DockerClients, name: string, signal: AbortSignal): Promise<boolean> {
  return (await listNetworks(clients, signal)).includes(name)
}

const networksShape = z.array(z.object({ Name: z.string() }))
