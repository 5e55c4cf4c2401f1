import { z } from 'zod'
import type { ImageFacts } from '../model/image.ts'
import { type Identity, KIND, LABEL, OWNER, ownershipOf } from '../model/labels.ts'
import type { NetworkState, ObservedContainer } from '../model/observed.ts'
import type { ContainerList } from '../model/runtime-event.ts'
import { parseListEntry } from '../observed/parse.ts'
import type { DockerClients } from './client.ts'
import { type DaemonFacts, ping, readDaemonFacts } from './daemon.ts'
import { DockerDeadline, unexpected } from './errors.ts'
import { type EventStreamOptions, openEvents } from './events.ts'
import { listImages } from './image.ts'
import { listNetworks, readNetworkState } from './network.ts'

/** The looking side of the adapter: nothing here changes anything. */
export interface DockerObserver {
  listContainers(signal: AbortSignal): Promise<ContainerList>
  openEvents(options: EventStreamOptions): Promise<void>
  listImages(signal: AbortSignal): Promise<readonly ImageFacts[]>
  listNetworks(signal: AbortSignal): Promise<readonly string[]>
  networkState(name: string, signal: AbortSignal): Promise<NetworkState>
  ping(signal: AbortSignal): Promise<void>
  readDaemonFacts(signal: AbortSignal): Promise<DaemonFacts>
}

export interface ObserveOptions {
  readonly clients: DockerClients
  readonly identity: Identity
  /** Where the state mount sits inside a container. */
  readonly mountPath: string
  /** A container with our labels that can't be a game's: reported, left alone. */
  readonly onUnusable: (id: string | null, reason: string) => void
}

export function createObserver(options: ObserveOptions): DockerObserver {
  const { clients, identity } = options
  return {
    listContainers: (signal) => listContainers(options, signal),
    openEvents: (streamOptions) => openEvents(clients, identity, streamOptions),
    listImages: (signal) => listImages(clients, signal),
    listNetworks: (signal) => listNetworks(clients, signal),
    networkState: (name, signal) => readNetworkState(clients, name, signal),
    ping: (signal) => ping(clients, signal),
    readDaemonFacts: (signal) => readDaemonFacts(clients, signal),
  }
}

async function listContainers(options: ObserveOptions, signal: AbortSignal): Promise<ContainerList> {
  const ours: ObservedContainer[] = []
  const otherDeployments: ObservedContainer[] = []
  for (const entry of await listEntries(options.clients, signal)) {
    if (ownershipOf(labelsOf(entry), options.identity) === 'not_ours') continue
    const parsed = parseListEntry(entry, options.mountPath)
    if (parsed.kind === 'unusable') options.onUnusable(parsed.id, parsed.reason)
    else if (ownershipOf(parsed.labels, options.identity) === 'ours') ours.push(parsed.container)
    else otherDeployments.push(parsed.container)
  }
  return { ours, otherDeployments }
}

/** One call. A filter by label can hang on a single wedged container: then the whole list is asked for and filtered here. */
async function listEntries(clients: DockerClients, signal: AbortSignal): Promise<readonly unknown[]> {
  const deadlineMs = Math.ceil(clients.callMs / 2)
  const filters = { label: [`${LABEL.owner}=${OWNER}`, `${LABEL.kind}=${KIND}`] }
  try {
    return await list(clients, { all: true, filters }, deadlineMs, signal)
  } catch (error) {
    if (!(error instanceof DockerDeadline)) throw unexpected(error, 'list containers')
    return await list(clients, { all: true }, deadlineMs, signal)
  }
}

async function list(
  clients: DockerClients,
  query: Readonly<Record<string, unknown>>,
  deadlineMs: number,
  signal: AbortSignal,
): Promise<readonly unknown[]> {
  const answer = await clients.send({ kind: 'container_list', method: 'GET', path: '/containers/json', query, deadlineMs }, signal)
  return z.array(z.unknown()).parse(answer)
}

function labelsOf(entry: unknown): Readonly<Record<string, string>> {
  const parsed = labelledShape.safeParse(entry)
  return parsed.success ? parsed.data.Labels : {}
}

const labelledShape = z.object({ Labels: z.record(z.string(), z.string()) })
