import type { Container } from '../world/container.ts'
import { gatewayOf, type Network } from '../world/network.ts'
import { macOf, PREFIX_LENGTH } from './endpoint.ts'
import { timeText } from './time.ts'

/** `GET /networks/{id}`, and an entry of `GET /networks`, which tells no members. */
export function networkJson(network: Network, members: readonly Container[]): unknown {
  const { id, name, driver, createdAtMs, labels, options, isInternal, isAttachable, prefix } = network
  const config = prefix === null ? [] : [{ Subnet: `${prefix}.0.0/${PREFIX_LENGTH}`, Gateway: gatewayOf(network) }]
  return {
    Name: name,
    Id: id,
    Created: timeText(createdAtMs),
    Scope: 'local',
    Driver: driver,
    EnableIPv6: false,
    IPAM: { Driver: 'default', Options: null, Config: config },
    Internal: isInternal,
    Attachable: isAttachable,
    Ingress: false,
    ConfigFrom: { Network: '' },
    ConfigOnly: false,
    Containers: Object.fromEntries(members.flatMap((member) => memberJson(id, member))),
    Options: options,
    Labels: labels,
  }
}

function memberJson(networkId: string, { id, name, endpoints }: Container): readonly [string, unknown][] {
  const attached = Object.values(endpoints).find((endpoint) => endpoint.networkId === networkId)?.attached ?? null
  if (attached === null) return []
  const { address, endpointId } = attached
  return [
    [id, { Name: name, EndpointID: endpointId, MacAddress: macOf(address), IPv4Address: `${address}/${PREFIX_LENGTH}`, IPv6Address: '' }],
  ]
}
