import type { Kysely } from 'kysely'
import type { Database } from '../../database/tables.ts'
import type { Schedules } from '../../turns/schedule.ts'
import { type Change, type ChangesRead, readChanges, type Window } from './changes.ts'
import { frameOf, type WatchEvent } from './event.ts'
import { readObjects } from './objects.ts'
import type { Position } from './position.ts'

export interface WatchPage extends Pick<ChangesRead, 'to' | 'more' | 'isTooOld' | 'isFresh'> {
  readonly events: readonly WatchEvent[]
}

/** Part of a window as events, each with the position after it. */
export async function readPage(db: Kysely<Database>, schedules: Schedules, window: Window): Promise<WatchPage> {
  const { changes, ...read } = await readChanges(db, window)
  const objects = changes.length === 0 ? [] : await readObjects(db, schedules, changes)
  const events = changes.flatMap((change, index): readonly WatchEvent[] => {
    const object = objects[index] ?? null
    if (object === null) return []
    const { kind, gameId } = change
    return [{ kind, gameId, bytes: frameOf(kind, positionAfter(change, window.from, read, index === changes.length - 1), object) }]
  })
  return { ...read, events }
}

function positionAfter({ id }: Change, seen: string, { to, more }: Pick<ChangesRead, 'to' | 'more'>, isLast: boolean): Position {
  return isLast && more === null ? { seen: to } : { seen, next: { snapshot: to, through: id } }
}
