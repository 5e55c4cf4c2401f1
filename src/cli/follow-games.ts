import type { Game } from './api-types.ts'
import type { ApiClient } from './client.ts'
import { type Change, failureOf, type Followed, followWatch, type Session } from './follow-watch.ts'
import { allGames } from './get.ts'
import { readEvents, type ServerSentEvent } from './server-sent-events.ts'

export interface FollowedGames extends Followed {
  /** Empty: all. */
  readonly names: readonly string[]
  readonly selector: string | null
  readonly fieldSelector: string | null
}

/**
 * Games as they change: first all of them, then each that does.
 * @throws as `followWatch`
 */
export function followGames(client: ApiClient, followed: FollowedGames): AsyncIterable<Change<Game>> {
  return followWatch(followed, (session) => connectOnce(client, followed, session))
}

async function* connectOnce(client: ApiClient, followed: FollowedGames, session: Session): AsyncGenerator<Change<Game>, void, undefined> {
  const [only, ...more] = followed.names
  const query = { kinds: 'games', game: more.length === 0 ? only : undefined }
  const headers = { 'Last-Event-Id': session.lastId ?? undefined }
  let isListed = session.lastId !== null
  const answer = await client.open('GET /watch', { query, headers }, followed.signal)
  session.hasBegun = true
  for await (const event of readEvents(answer)) {
    if (event.event === 'error') throw failureOf(event)
    // Whether status is vouched for passes without a change of any game.
    const hasTurned = event.event === 'bookmark' && noteFreshness(session, event)
    if (!isListed || hasTurned) {
      isListed = true
      yield { kind: 'listed', rows: await list(client, followed) }
    }
    if (event.event === 'game') {
      const change = await changeOf(client, followed, event)
      if (change !== null) yield change
    }
    session.lastId = event.id ?? session.lastId
  }
}

function noteFreshness(session: Session, { data }: ServerSentEvent): boolean {
  const isFresh: unknown = Reflect.get(Object(JSON.parse(data)), 'fresh')
  const hasTurned = session.isFresh !== null && session.isFresh !== isFresh
  session.isFresh = isFresh === true
  return hasTurned
}

async function list(client: ApiClient, { names, selector, fieldSelector }: FollowedGames): Promise<readonly Game[]> {
  const games = await allGames(client, selector, fieldSelector)
  return names.length === 0 ? games : games.filter(({ metadata }) => names.includes(metadata.name))
}

async function changeOf(client: ApiClient, followed: FollowedGames, { data }: ServerSentEvent): Promise<Change<Game> | null> {
  const { type, object } = JSON.parse(data) as { readonly type: string; readonly object: Game } // written by our own API
  const { name } = object.metadata
  if (followed.names.length > 0 && !followed.names.includes(name)) return null
  if (type === 'DELETED') return { kind: 'gone', name }
  const { selector, fieldSelector } = followed
  if (selector === null && fieldSelector === null) return { kind: 'changed', row: object }
  // Whether it is still selected is for the API to say.
  const byName = [`metadata.name=${name}`, ...(fieldSelector === null ? [] : [fieldSelector])].join(',')
  const [game] = await allGames(client, selector, byName)
  return game === undefined ? { kind: 'gone', name } : { kind: 'changed', row: game }
}
