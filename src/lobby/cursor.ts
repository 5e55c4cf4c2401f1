/** A place in the order in which snapshots become final. Both are decimal numbers, too large for JavaScript's. */
export interface Cursor {
  /** Writing transaction. */
  readonly xid: string
  readonly id: string
}

export const BEGINNING: Cursor = { xid: '0', id: '0' }

export function formatCursor({ xid, id }: Cursor): string {
  return `${xid}-${id}`
}

/** @returns null when the text is no cursor of ours */
export function parseCursor(text: string): Cursor | null {
  const [, xid, id] = /^(\d{1,19})-(\d{1,18})$/.exec(text) ?? []
  return xid === undefined || id === undefined ? null : { xid, id }
}

export function earlier(a: Cursor, b: Cursor): Cursor {
  const [first, second] = a.xid === b.xid ? [a.id, b.id] : [a.xid, b.xid]
  return BigInt(first) <= BigInt(second) ? a : b
}
