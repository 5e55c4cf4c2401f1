import { isIP } from 'node:net'
import { hostName } from '../model/labels.ts'
import type { ObservedContainer } from '../model/observed.ts'

/** Where an engine is asked: made by {@link engineAddress} alone, from what the runtime's inspect says. */
export interface EngineAddress {
  /** The engine's network alias, or an IP address without brackets. */
  readonly host: string
  readonly port: number
  /** Whom the request is meant for, sent as its `Host`: Docker gives an address away again as soon as its container is down. */
  readonly name: string
}

/** `name` where the controller resolves the network's aliases itself, being attached to it; `address` where it does not. */
export type Addressing = 'name' | 'address'

/**
 * How this process reaches engines; asked once, at the start.
 *
 * @param isOnNetwork whether this process runs in a container on the engines' network; asked for `auto` only
 */
export async function detectAddressing(setting: 'auto' | Addressing, isOnNetwork: () => Promise<boolean>): Promise<Addressing> {
  if (setting !== 'auto') return setting
  return (await isOnNetwork()) ? 'name' : 'address'
}

/**
 * Where to ask this container (spec 4, "Reaching the engine"): never an address from a row or a label.
 *
 * @returns null while the container has no address on that network, and so answers under neither
 */
export function engineAddress(container: ObservedContainer, network: string, port: number, addressing: Addressing): EngineAddress | null {
  const address = container.addresses[network]
  // An address with a zone has no place in a URL.
  if (address === undefined || isIP(address) === 0 || address.includes('%')) return null
  const name = hostName(container.gameId)
  return { host: addressing === 'name' ? name : address, port, name }
}

/** The `Host` of a request to it: its lasting name, however it is reached. */
export function hostHeaderOf({ name, port }: Pick<EngineAddress, 'name' | 'port'>): string {
  return `${name}:${port}`
}

/** `http://host:port`, IPv6 in brackets. */
export function originOf({ host, port }: EngineAddress): string {
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`
}
