import type { ApiClient } from './client.ts'
import { type Change, failureOf, type Followed, followWatch, type Session } from './follow-watch.ts'
import { readEvents } from './server-sent-events.ts'

export interface FollowedLog<Row> extends Followed {
  /** As the watch calls what it brings. */
  readonly kinds: 'operations' | 'turns'
  /** Empty: of all games. */
  readonly games: readonly string[]
  /** The newest, at first. */
  readonly list: () => Promise<readonly Row[]>
}

interface OfGame {
  readonly game: string
}

/**
 * Operations or turns as they come and change.
 * @throws as `followWatch`
 */
export function followLog<Row extends OfGame>(client: ApiClient, followed: FollowedLog<Row>): AsyncIterable<Change<Row>> {
  return followWatch(followed, (session) => connectOnce(client, followed, session))
}

async function* connectOnce<Row extends OfGame>(
  client: ApiClient,
  { kinds, games, list, signal }: FollowedLog<Row>,
  session: Session,
): AsyncGenerator<Change<Row>, void, undefined> {
  const [only, ...more] = games
  const query = { kinds, game: more.length === 0 ? only : undefined }
  let isListed = session.lastId !== null
  const answer = await client.open('GET /watch', { query, headers: { 'Last-Event-Id': session.lastId ?? undefined } }, signal)
  session.hasBegun = true
  for await (const event of readEvents(answer)) {
    if (event.event === 'error') throw failureOf(event)
    if (!isListed) yield { kind: 'listed', rows: await list() }
    isListed = true
    if (event.event !== 'bookmark') {
      const { object: row } = JSON.parse(event.data) as { readonly object: Row } // written by our own API
      if (games.length === 0 || games.includes(row.game)) yield { kind: 'changed', row }
    }
    session.lastId = event.id ?? session.lastId
  }
}
