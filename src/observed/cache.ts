import type { ObservedContainer } from '../model/observed.ts'
import type { ContainerEvent, ContainerList } from '../model/runtime-event.ts'
import { isReflected } from './event-effect.ts'

/** How many removed ids are remembered, so that their late events are not taken for news. */
const REMEMBERED_REMOVALS = 4_096

/** What was known of a container when an inspect of it began. */
export interface Inspection {
  readonly id: string
  readonly before: ObservedContainer | undefined
  readonly heard: ReadonlySet<ContainerEvent>
}

/** Games that a list tells something new about. */
export interface ListNews {
  /** Those of which events still wait for an inspect included. */
  readonly changed: ReadonlySet<string>
  /** Those whose change no event has told. */
  readonly untold: ReadonlySet<string>
}

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
  /** Game by id of what a record names and no snapshot has shown yet. */
  readonly #expected = new Map<string, string>()
  /** When each was last told to have run out of memory, by the daemon's clock. */
  readonly #oomAtMs = new Map<string, number>()
  /** Ids of which something was learned or heard after the list under way was asked for; that list may be older. */
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

  /** A record says that this container is the game: a list without it is not believed, as of one that was seen (S1). */
  expect(id: string, gameId: string): void {
    if (!this.#containers.has(id) && !this.#removed.has(id)) this.#expected.set(id, gameId)
  }

  /** Returns whether the event was news. */
  hear(event: ContainerEvent): boolean {
    if (this.#removed.has(event.id)) return false
    if (event.action === 'oom') this.#oomAtMs.set(event.id, Math.max(this.#oomAtMs.get(event.id) ?? 0, Number(event.timeNs / 1_000_000n)))
    if (isReflected(this.#containers.get(event.id), event)) return false
    this.#changedSinceList?.add(event.id)
    const pending = this.#pending.get(event.id)
    if (pending === undefined) this.#pending.set(event.id, { gameId: event.gameId, events: [event] })
    else if (pending.events.some((known) => known.action === event.action && known.timeNs === event.timeNs)) return false
    else pending.events.push(event)
    return true
  }

  /** Takes the snapshot that one of our calls brought along; events it already shows are settled. */
  learn(container: ObservedContainer): void {
    this.#store(container)
    this.#settle(container.id, (event) => isReflected(this.#containers.get(container.id), event))
  }

  /** To be called before an inspect is asked for. */
  inspectBegins(id: string): Inspection {
    return { id, before: this.#containers.get(id), heard: new Set(this.#pending.get(id)?.events) }
  }

  /**
   * Takes an inspect's answer, null for a container that is gone. Events heard before it was asked for are settled by it,
   * later ones only where it shows them. An answer that another snapshot has overtaken is dropped: which of them is the newer
   * cannot be told, and what it was asked for stays stale.
   */
  inspectEnds({ id, before, heard }: Inspection, container: ObservedContainer | null): void {
    if (this.#removed.has(id) || this.#containers.get(id) !== before) return
    if (container === null) return this.forget(id)
    this.#settle(id, (event) => heard.has(event))
    this.learn(container)
  }

  /** The container is gone. */
  forget(id: string): void {
    this.#drop(id)
    this.#pending.delete(id)
    this.#oomAtMs.delete(id)
    this.#expected.delete(id)
    this.#changedSinceList?.add(id)
    this.#removed.add(id)
    if (this.#removed.size > REMEMBERED_REMOVALS) for (const oldest of this.#removed.values().take(1)) this.#removed.delete(oldest)
  }

  /** A call was told that there is no such container: an inspect is to say so too, since another one would take its place (S1). */
  doubt(id: string): void {
    const known = this.#containers.get(id)
    if (known !== undefined) this.#doubt(id, known.gameId)
  }

  /** To be called before a list is asked for. */
  listBegins(): void {
    this.#changedSinceList = new Set()
  }

  /** Takes a whole list. */
  listEnds({ ours }: ContainerList): ListNews {
    const newer = this.#changedSinceList ?? new Set()
    this.#changedSinceList = null
    const untold = new Set<string>()
    const waiting = new Set([...this.#pending.values()].map(({ gameId }) => gameId))
    const listed = new Set(ours.map((container) => container.id))
    const tell = (id: string, gameId: string): void => {
      if (!this.#pending.has(id)) untold.add(gameId)
    }
    for (const [id, { gameId }] of this.#containers) {
      if (listed.has(id) || newer.has(id)) continue
      tell(id, gameId)
      this.#doubt(id, gameId)
    }
    for (const container of ours) {
      if (!newer.has(container.id) && this.#takeListed(container)) tell(container.id, container.gameId)
    }
    // Whatever else is not listed is gone, and its events with it.
    for (const id of this.#pending.keys()) if (!listed.has(id) && !newer.has(id) && !this.#containers.has(id)) this.#pending.delete(id)
    for (const [id, gameId] of this.#expected) this.#doubt(id, gameId)
    return { changed: new Set([...untold, ...waiting, ...this.#expected.values()]), untold }
  }

  /** A list may be stale: that a container is gone is believed of an inspect by id alone, since a second one would follow (S1). */
  #doubt(id: string, gameId: string): void {
    if (this.#pending.has(id)) return
    const name = this.#containers.get(id)?.name ?? ''
    this.#pending.set(id, { gameId, events: [{ kind: 'container', action: 'unlisted', id, gameId, name, timeNs: 0n, attributes: {} }] })
  }

  #takeListed(listed: ObservedContainer): boolean {
    const known = this.#containers.get(listed.id)
    if (known !== undefined && isAsListed(known, listed)) return false
    this.#store(listed)
    return true
  }

  #store(container: ObservedContainer): void {
    const { id, gameId } = container
    const previous = this.#containers.get(id)
    if (previous !== undefined && previous.gameId !== gameId) this.#drop(id)
    this.#removed.delete(id)
    this.#expected.delete(id)
    this.#changedSinceList?.add(id)
    this.#containers.set(id, withOom(container, this.#oomAtMs.get(id)))
    const ids = this.#byGame.get(gameId)
    if (ids === undefined) this.#byGame.set(gameId, new Set([id]))
    else ids.add(id)
  }

  #settle(id: string, isSettled: (event: ContainerEvent) => boolean): void {
    const pending = this.#pending.get(id)
    if (pending === undefined) return
    pending.events = pending.events.filter((event) => !isSettled(event))
    if (pending.events.length === 0) this.#pending.delete(id)
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

function isAsListed(known: ObservedContainer, listed: ObservedContainer): boolean {
  const tellsHealth = listed.dockerHealth !== null && listed.dockerHealth !== 'none'
  const isSameHealth = !tellsHealth || listed.dockerHealth === known.dockerHealth
  return known.state === listed.state && known.name === listed.name && isSameHealth && sameAddresses(known, listed)
}

function sameAddresses(a: ObservedContainer, b: ObservedContainer): boolean {
  const names = Object.keys(a.addresses)
  return names.length === Object.keys(b.addresses).length && names.every((name) => a.addresses[name] === b.addresses[name])
}

/** Some kernels leave Docker's flag unset; the event is proof as well (spec 6, row 15), of the life it came in. */
function withOom(container: ObservedContainer, oomAtMs: number | undefined): ObservedContainer {
  const { detail } = container
  if (detail === null || oomAtMs === undefined || oomAtMs < (detail.startedAtMs ?? 0)) return container
  return { ...container, detail: { ...detail, isOomKilled: true } }
}
