/** What is to be read next; filled while a read is running, then answered as a whole. */
export interface Wishes {
  readonly gameIds: Set<string>
  /** What was written since the last look. */
  changes: boolean
  /** A full compare. */
  everything: boolean
  registry: boolean
  readonly waiting: Waiting[]
}

interface Waiting {
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

export interface Wish {
  readonly gameIds?: Iterable<string>
  readonly changes?: boolean
  readonly everything?: boolean
  readonly registry?: boolean
  readonly waiting?: readonly Waiting[]
}

export function noWishes(): Wishes {
  return { gameIds: new Set(), changes: false, everything: false, registry: false, waiting: [] }
}

export function addWish(wishes: Wishes, wish: Wish): void {
  for (const gameId of wish.gameIds ?? []) wishes.gameIds.add(gameId)
  wishes.changes ||= wish.changes === true
  wishes.everything ||= wish.everything === true
  wishes.registry ||= wish.registry === true
  wishes.waiting.push(...(wish.waiting ?? []))
}

export function refuse(wishes: Wishes, error: unknown): void {
  for (const waiting of wishes.waiting) waiting.reject(error)
}
