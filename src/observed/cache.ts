import type { ObservedContainer } from '../model/observed.ts'
import type { ContainerEvent, ContainerList } from '../model/runtime-event.ts'
import { isReflected } from './event-effect.ts'

/** How many removed ids are remembered, so that their late events are not taken for news. */
const REMEMBERED_REMOVALS = 4_096

/**
 * What is known of every container with our labels.
 *
 * A container is *fresh* (its snapshot shows every event heard of) or *stale* (events wait for an inspect). Lists, inspects
 * and our own calls bring snapshots; events bring staleness alone, never facts.
 */
export class ContainerCache {
  readonly #containers = new Map<string, ObservedContainer>()
  readonly #byGame = new Map<string, Set<string>>()
  readonly #pending = new Map<string, { gameId: string; events: ContainerEvent[] }>()
  readonly #removed = new Set<string>()
  readonly #oomKilled = new Set<string>()
  /** Ids whose snapshot came after the list under way was asked for; that list is older than they are. */
  #changedSinceList: Set<string> | null = null

  of(gameId: string): readonly ObservedContainer[] {
    return [...(this.#byGame.get(gameId) ?? [])].flatMap((id) => this.#containers.get(id) ?? [])
  }

  games(): Iterable<string> {
    return this.#byGame.keys()
  }

  get size(): number {
    return this.#containers.size
  }

  staleIds(gameId: string): readonly string[] {
    const ids = [...this.#pending].filter(([, pending]) => pending.gameId === gameId)
    return ids.map(([id]) => id)
  }

  /** Returns whether the event was news. */
  hear(event: ContainerEvent): boolean {
    if (this.#removed.has(event.id)) return false
    if (event.action === 'oom') this.#oomKilled.add(event.id)
    if (event.action === 'start') this.#oomKilled.delete(event.id)
    if (isReflected(this.#containers.get(event.id), event)) return false
    const pending = this.#pending.get(event.id)
    if (pending === undefined) this.#pending.set(event.id, { gameId: event.gameId, events: [event] })
    else pending.events.push(event)
    return true
  }

  /** Takes the snapshot that one of our calls brought along; events it already shows are settled. */
  learn(container: ObservedContainer): void {
    this.#store(container)
    const pending = this.#pending.get(container.id)
    if (pending === undefined) return
    const open = pending.events.filter((event) => !isReflected(this.#containers.get(container.id), event))
    if (open.length === 0) this.#pending.delete(container.id)
    else pending.events = open
  }

  /** What waited for a container when an inspect of it began; given back with its answer. */
  heardOf(id: string): number {
    return this.#pending.get(id)?.events.length ?? 0
  }

  /** Takes the answer of an inspect that began after `heard` events; later ones stay open unless it shows them. */
  refresh(id: string, container: ObservedContainer | null, heard: number): void {
    const pending = this.#pending.get(id)
    pending?.events.splice(0, heard)
    if (pending?.events.length === 0) this.#pending.delete(id)
    if (container === null) this.forget(id)
    else this.learn(container)
  }

  /** The container is gone. */
  forget(id: string): void {
    this.#drop(id)
    this.#pending.delete(id)
    this.#oomKilled.delete(id)
    this.#changedSinceList?.add(id)
    this.#removed.add(id)
    if (this.#removed.size > REMEMBERED_REMOVALS) for (const oldest of this.#removed.values().take(1)) this.#removed.delete(oldest)
  }

  /** To be called before a list is asked for. */
  listBegins(): void {
    this.#changedSinceList = new Set()
  }

  /** Takes a whole list and returns the games it tells something new about. */
  listEnds({ ours }: ContainerList): ReadonlySet<string> {
    const newer = this.#changedSinceList ?? new Set()
    this.#changedSinceList = null
    const changed = new Set<string>()
    const listed = new Map(ours.map((container) => [container.id, container]))
    for (const [id, known] of this.#containers) {
      if (listed.has(id) || newer.has(id)) continue
      this.forget(id)
      changed.add(known.gameId)
    }
    for (const container of ours) {
      if (newer.has(container.id)) continue
      if (this.#takeListed(container)) changed.add(container.gameId)
    }
    for (const [id, { gameId }] of this.#pending) {
      if (!listed.has(id) && !newer.has(id)) this.#pending.delete(id)
      changed.add(gameId)
    }
    return changed
  }

  #takeListed(listed: ObservedContainer): boolean {
    const known = this.#containers.get(listed.id)
    const isSame = known !== undefined && known.state === listed.state && known.name === listed.name && sameAddresses(known, listed)
    if (isSame) return false
    this.#store(listed)
    return true
  }

  #store(container: ObservedContainer): void {
    const { id, gameId } = container
    const previous = this.#containers.get(id)
    if (previous !== undefined && previous.gameId !== gameId) this.#drop(id)
    this.#removed.delete(id)
    this.#changedSinceList?.add(id)
    this.#containers.set(id, this.#oomKilled.has(id) ? withOom(container) : container)
    const ids = this.#byGame.get(gameId)
    if (ids === undefined) this.#byGame.set(gameId, new Set([id]))
    else ids.add(id)
  }

  #drop(id: string): void {
    const known = this.#containers.get(id)
    this.#containers.delete(id)
    if (known === undefined) return
    const ids = this.#byGame.get(known.gameId)
    ids?.delete(id)
    if (ids?.size === 0) this.#byGame.delete(known.gameId)
  }
}

function sameAddresses(a: ObservedContainer, b: ObservedContainer): boolean {
  const names = Object.keys(a.addresses)
  return names.length === Object.keys(b.addresses).length && names.every((name) => a.addresses[name] === b.addresses[name])
}

/** Some kernels leave Docker's flag unset; the event is proof as well (spec 6, row 15). */
function withOom(container: ObservedContainer): ObservedContainer {
  return container.detail === null ? container : { ...container, detail: { ...container.detail, isOomKilled: true } }
}
