import type { Container, Endpoint } from '../world/container.ts'
import { PREDEFINED } from '../world/predefined.ts'

/** `NetworkSettings.Networks` of an inspect. */
export function networksJson(container: Container): Readonly<Record<string, unknown>> {
  const networks = Object.entries(container.endpoints)
  return Object.fromEntries(networks.map(([name, endpoint]) => [name, endpointJson(endpoint, aliasesOf(container, name, endpoint))]))
}

/** Those of a list: without aliases, and after a start that failed with the endpoints that were meant for it. */
export function listedNetworksJson({ endpoints, listedEndpoints }: Container): Readonly<Record<string, unknown>> {
  const networks = Object.entries(listedEndpoints ?? endpoints)
  return Object.fromEntries(networks.map(([name, endpoint]) => [name, endpointJson(endpoint, null)]))
}

/** On a network of its user's, a container also goes by the beginning of its id from its first start on. */
function aliasesOf({ id, lives }: Container, network: string, { aliases }: Endpoint): readonly string[] | null {
  if (lives === 0 || PREDEFINED.has(network)) return aliases
  return [...(aliases ?? []), id.slice(0, 12)]
}

function endpointJson({ networkId, attached }: Endpoint, aliases: readonly string[] | null): unknown {
  return {
    IPAMConfig: null,
    Links: null,
    Aliases: aliases,
    NetworkID: networkId,
    EndpointID: attached?.endpointId ?? '',
    Gateway: attached?.gateway ?? '',
    IPAddress: attached?.address ?? '',
    IPPrefixLen: attached === null ? 0 : PREFIX_LENGTH,
    IPv6Gateway: '',
    GlobalIPv6Address: '',
    GlobalIPv6PrefixLen: 0,
    MacAddress: attached === null ? '' : macOf(attached.address),
    DriverOpts: null,
  }
}

export const PREFIX_LENGTH = 16

/** Docker makes it of the address. */
export function macOf(address: string): string {
  return `02:42:${address
    .split('.')
    .map((part) => Number(part).toString(16).padStart(2, '0'))
    .join(':')}`
}
