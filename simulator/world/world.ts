import { type Container, addressesOf } from './container.ts'
import type { Effect } from './effect.ts'
import { type Image, withTag } from './image.ts'
import type { Network } from './network.ts'

/** What a call may see. */
export interface WorldView {
  container(id: string): Container | undefined
  /** Newest first, as Docker lists them. */
  containers(): readonly Container[]
  /** Who holds a name; the holder may not be visible yet, or not exist. */
  nameHolder(name: string): string | undefined
  idsByPrefix(prefix: string): readonly string[]
  network(id: string): Network | undefined
  networks(): readonly Network[]
  image(id: string): Image | undefined
  imageByName(reference: string): Image | undefined
  images(): readonly Image[]
  /** The lowest free address of a network, as Docker gives them; null when there is none. */
  freeAddress(network: Network): string | null
  isPortTaken(hostIp: string, hostPort: number): boolean
}

/** Containers, networks, images and names. Changed by effects alone. */
export class World implements WorldView {
  readonly #containers = new Map<string, Container>()
  readonly #names = new Map<string, string>()
  readonly #networks = new Map<string, Network>()
  readonly #images = new Map<string, Image>()
  readonly #imageNames = new Map<string, string>()
  readonly #addresses = new Set<string>()
  /** By network: no lower one is free. */
  readonly #lowestFree = new Map<string, number>()
  readonly #ports = new Map<number, readonly string[]>()

  apply(effect: Effect): void {
    switch (effect.subject) {
      case 'container':
        return this.#applyContainer(effect.id, this.#containers.get(effect.id), effect.after)
      case 'network':
        return set(this.#networks, effect.id, effect.after)
      case 'image':
        return this.#applyImage(effect.id, effect.after)
      case 'name':
        return set(this.#names, effect.name, effect.action === 'reserve' ? effect.id : null)
    }
  }

  container(id: string): Container | undefined {
    return this.#containers.get(id)
  }

  containers(): readonly Container[] {
    return [...this.#containers.values()].toReversed()
  }

  nameHolder(name: string): string | undefined {
    return this.#names.get(name)
  }

  /** Names that no container bears, by name. */
  heldNames(): ReadonlyMap<string, string> {
    return new Map([...this.#names].filter(([, id]) => !this.#containers.has(id)))
  }

  idsByPrefix(prefix: string): readonly string[] {
    return [...this.#containers.keys()].filter((id) => id.startsWith(prefix))
  }

  network(id: string): Network | undefined {
    return this.#networks.get(id)
  }

  networks(): readonly Network[] {
    return [...this.#networks.values()]
  }

  image(id: string): Image | undefined {
    return this.#images.get(id)
  }

  imageByName(reference: string): Image | undefined {
    const id = this.#imageNames.get(withTag(reference))
    return id === undefined ? undefined : this.#images.get(id)
  }

  images(): readonly Image[] {
    return [...this.#images.values()]
  }

  freeAddress(network: Network): string | null {
    if (network.prefix === null) return null
    for (let number = this.#lowestFree.get(network.prefix) ?? 2; number < 65_535; number += 1) {
      const address = addressOf(network.prefix, number)
      if (this.#addresses.has(address)) continue
      this.#lowestFree.set(network.prefix, number)
      return address
    }
    return null
  }

  isPortTaken(hostIp: string, hostPort: number): boolean {
    const holders = this.#ports.get(hostPort) ?? []
    return holders.some((holder) => holder === hostIp || isAny(holder) || isAny(hostIp))
  }

  #applyContainer(id: string, before: Container | undefined, after: Container | null): void {
    if (before !== undefined) this.#release(before)
    if (before !== undefined && before.name !== after?.name && this.#names.get(before.name) === id) this.#names.delete(before.name)
    if (after !== null) {
      this.#names.set(after.name, id)
      for (const address of addressesOf(after)) this.#addresses.add(address)
      for (const { hostIp, hostPort } of after.ports) this.#ports.set(hostPort, [...(this.#ports.get(hostPort) ?? []), hostIp])
    }
    set(this.#containers, id, after)
  }

  #release(container: Container): void {
    for (const address of addressesOf(container)) {
      this.#addresses.delete(address)
      const { prefix, number } = partsOf(address)
      this.#lowestFree.set(prefix, Math.min(number, this.#lowestFree.get(prefix) ?? number))
    }
    for (const { hostPort, hostIp } of container.ports) {
      const holders = this.#ports.get(hostPort) ?? []
      const at = holders.indexOf(hostIp)
      this.#ports.set(hostPort, holders.toSpliced(at, 1))
    }
  }

  #applyImage(id: string, after: Image | null): void {
    const before = this.#images.get(id)
    for (const name of namesOf(before)) if (this.#imageNames.get(name) === id) this.#imageNames.delete(name)
    for (const name of namesOf(after ?? undefined)) this.#imageNames.set(name, id)
    set(this.#images, id, after)
  }
}

function set<T>(map: Map<string, T>, key: string, value: T | null): void {
  if (value === null) map.delete(key)
  else map.set(key, value)
}

function namesOf(image: Image | undefined): readonly string[] {
  return image === undefined ? [] : [...image.tags, ...image.digests]
}

function addressOf(prefix: string, number: number): string {
  return `${prefix}.${number >> 8}.${number & 255}`
}

function partsOf(address: string): { readonly prefix: string; readonly number: number } {
  const [a = '', b = '', c = '0', d = '0'] = address.split('.')
  return { prefix: `${a}.${b}`, number: Number(c) * 256 + Number(d) }
}

function isAny(hostIp: string): boolean {
  return hostIp === '' || hostIp === '0.0.0.0'
}
