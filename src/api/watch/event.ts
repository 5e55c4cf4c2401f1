import type { Change } from './changes.ts'
import { formatPosition, type Position } from './position.ts'

/** A change with its object as it was read, ready to be sent. */
export interface WatchEvent {
  readonly kind: Change['kind']
  readonly gameId: string
  readonly bytes: Buffer
}

/** Who watches has to go on from `position` after this event; text by the rules of server-sent events. */
export function frameOf(event: string, position: Position | null, data: unknown): Buffer {
  const id = position === null ? '' : `id: ${formatPosition(position)}\n`
  return Buffer.from(`event: ${event}\n${id}data: ${JSON.stringify(data)}\n\n`)
}

/** Where one is once everything was told, and whether what games' status says is vouched for. */
export function bookmarkOf(seen: string, isFresh: boolean): Buffer {
  return frameOf('bookmark', { seen }, { position: seen, fresh: isFresh })
}
