import type { Container, Endpoint } from '../world/container.ts'
import type { Effect } from '../world/effect.ts'
import { gatewayOf, type Network } from '../world/network.ts'
import { resolveNetwork } from './network-of.ts'
import { type CallContext, Refusal } from './process.ts'

export interface Attachment {
  readonly endpoints: Container['endpoints']
  /** What the networks' events tell of it. */
  readonly told: readonly Effect[]
}

/**
 * An address on each network the container belongs to.
 *
 * @throws Refusal when a network is missing, ambiguous, full or holds a ghost of this container's name
 */
export function attach(context: CallContext, container: Container): Attachment {
  const attached = Object.entries(container.endpoints).map(([name, endpoint]) => {
    const network = resolveNetwork(context, name)
    if (network.ghosts.includes(container.name)) {
      throw new Refusal(403, `endpoint with name ${container.name} already exists in network ${network.name}`)
    }
    return { name, network, endpoint: attachTo(context, network, endpoint) }
  })
  return {
    endpoints: Object.fromEntries(attached.map(({ name, endpoint }) => [name, endpoint])),
    told: attached.map(({ network }) => tellNetwork('connect', network, container.id)),
  }
}

/** The endpoints of a container that runs no more: it remembers its networks. */
export function detach({ world }: CallContext, container: Container): Attachment {
  const entries = Object.entries(container.endpoints)
  const left = entries.filter(([, { attached }]) => attached !== null).flatMap(([, { networkId }]) => world.network(networkId) ?? [])
  return {
    endpoints: Object.fromEntries(entries.map(([name, endpoint]) => [name, { ...endpoint, attached: null }])),
    told: left.map((network) => tellNetwork('disconnect', network, container.id)),
  }
}

export function attachTo(context: CallContext, network: Network, endpoint: Endpoint): Endpoint {
  if (network.prefix === null) return { ...endpoint, networkId: network.id }
  const address = context.world.freeAddress(network)
  if (address === null)
    throw new Refusal(500, `no available IPv4 addresses on this network's address pools: ${network.name} (${network.id})`)
  return { ...endpoint, networkId: network.id, attached: { endpointId: context.newId(), address, gateway: gatewayOf(network) } }
}

export function tellNetwork(action: 'connect' | 'disconnect', network: Network, container: string): Effect {
  return { subject: 'network', action, id: network.id, before: network, after: network, attributes: { container } }
}
