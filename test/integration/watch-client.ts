import { readEvents } from '../../src/cli/server-sent-events.ts'
import { until } from '../support/until.ts'
import type { ApiUnderTest } from './api-server.ts'

/** One event, with its data parsed. */
export interface Told {
  readonly event: string
  readonly id: string | null
  readonly atMs: number
  // Tests look into it with matchers.
  readonly data: Readonly<Record<string, unknown>>
}

export interface WatchClient {
  readonly status: number
  /** Everything told so far, but for bookmarks. */
  readonly told: Told[]
  readonly bookmarks: Told[]
  readonly ended: Promise<void>
  /** As `game/a MODIFIED`. */
  names(): readonly string[]
  /** Waits for so many events beside bookmarks. */
  untilTold(count: number): Promise<void>
  close(): Promise<void>
}

/** Watches until closed. Resolves with the first bookmark: from then on everything is told. */
export async function watch(
  api: ApiUnderTest,
  { query = '', lastEventId, token = api.token }: { query?: string; lastEventId?: string | undefined; token?: string } = {},
): Promise<WatchClient> {
  const stop = new AbortController()
  const headers = { authorization: `Bearer ${token}`, ...(lastEventId !== undefined && { 'last-event-id': lastEventId }) }
  const answer = await fetch(`${api.url}/api/v1/watch${query}`, { headers, signal: stop.signal })
  const told: Told[] = []
  const bookmarks: Told[] = []
  const ended = read(answer, told, bookmarks).catch(() => undefined)
  if (answer.ok)
    await until(
      () => bookmarks.length,
      (count) => count > 0,
      'the first bookmark',
    )
  return {
    status: answer.status,
    told,
    bookmarks,
    ended,
    names: () => told.map(nameOf),
    untilTold: async (count) => {
      await until(
        () => told.length,
        (length) => length >= count,
        `${count} events`,
      )
    },
    close: async () => {
      stop.abort()
      await ended
    },
  }
}

async function read(answer: Response, told: Told[], bookmarks: Told[]): Promise<void> {
  if (answer.body === null || !answer.ok) return
  for await (const { event, id, data } of readEvents(answer.body)) {
    const one = { event, id, atMs: performance.now(), data: JSON.parse(data) }
    ;(event === 'bookmark' ? bookmarks : told).push(one)
  }
}

export function nameOf({ event, data }: Told): string {
  if (event === 'error') return `error ${String(data['code'])}`
  const object = Object(data['object'])
  return `${event}/${String(event === 'game' ? Reflect.get(Object(Reflect.get(object, 'metadata')), 'name') : Reflect.get(object, 'game'))} ${String(data['type'])}`
}
