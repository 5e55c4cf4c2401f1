/** What a transaction saw: all below `xmin`, none from `xmax` on, and of those between all but `active` (Postgres, "pg_snapshot"). */
interface Snapshot {
  readonly xmin: bigint
  readonly xmax: bigint
  readonly active: readonly bigint[]
}

/**
 * A place in the order of changes: everything that `seen` saw has been told; and of what `next` saw beyond that, the changes up
 * to the id `through`. Without `next` nothing more.
 */
export interface Position {
  readonly seen: string
  readonly next?: { readonly snapshot: string; readonly through: number }
}

/** Longer than any that this program makes: as many transactions as a server can have open. */
const MAX_LENGTH = 4_096

/** `812:815:813`, or `812:815:813~815:820:~4711` in the middle of what was read at once; opaque to clients. */
export function formatPosition({ seen, next }: Position): string {
  return next === undefined ? seen : `${seen}~${next.snapshot}~${next.through}`
}

/** @returns null when the text is no position of ours */
export function parsePosition(text: string): Position | null {
  if (text.length > MAX_LENGTH) return null
  const [seen = '', snapshot, through = '', ...more] = text.split('~')
  if (parseSnapshot(seen) === null || more.length > 0) return null
  if (snapshot === undefined) return { seen }
  return parseSnapshot(snapshot) === null || !/^\d{1,15}$/.test(through) ? null : { seen, next: { snapshot, through: Number(through) } }
}

/** @returns null when the text is none that Postgres would take */
function parseSnapshot(text: string): Snapshot | null {
  const match = /^(\d{1,19}):(\d{1,19}):((?:\d{1,19}(?:,\d{1,19})*)?)$/.exec(text)
  if (match === null) return null
  const [, xmin = '', xmax = '', list = ''] = match
  const active = list === '' ? [] : list.split(',').map(BigInt)
  const snapshot = { xmin: BigInt(xmin), xmax: BigInt(xmax), active }
  const isInOrder = active.every((xid, index) => xid >= snapshot.xmin && xid < snapshot.xmax && xid > (active[index - 1] ?? -1n))
  return snapshot.xmin > 0n && snapshot.xmin <= snapshot.xmax && isInOrder ? snapshot : null
}

/** Whether a snapshot is of a time before, or of the same time as, another one of the same server. */
export function isNoLater(snapshot: string, than: string): boolean {
  const [a, b] = [parseSnapshot(snapshot), parseSnapshot(than)]
  return a !== null && b !== null && a.xmax <= b.xmax && a.xmin <= b.xmin
}
