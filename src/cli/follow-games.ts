import { setTimeout as delay } from 'node:timers/promises'
import type { Game, Problem } from './api-types.ts'
import { type ApiClient, ApiFailure } from './client.ts'
import { CliError, EXIT } from './exit.ts'
import { allGames } from './get.ts'
import { readEvents, type ServerSentEvent } from './server-sent-events.ts'

export type GameChange =
  /** All that there are: at first, and whenever what was known can't be gone on from. */
  | { readonly kind: 'listed'; readonly games: readonly Game[] }
  | { readonly kind: 'changed'; readonly game: Game }
  | { readonly kind: 'gone'; readonly name: string }

export interface Followed {
  /** Empty: all. */
  readonly names: readonly string[]
  readonly selector: string | null
  readonly fieldSelector: string | null
  /** Told when the connection broke and is made again. */
  readonly onBreak: (reason: string) => void
  readonly signal?: AbortSignal
}

const FIRST_PAUSE_MS = 250
const MAX_PAUSE_MS = 5_000
/** After so many attempts in a row nobody is there any more. */
const ATTEMPTS = 8

/**
 * Games as they change: first all of them, then each that does. A connection that breaks is made again and goes on where it was.
 *
 * @throws CliError when the watch is refused, or nobody answers for half a minute
 */
export async function* followGames(client: ApiClient, followed: Followed): AsyncGenerator<GameChange, void, undefined> {
  const session: Session = { hasBegun: false, lastId: null, isFresh: null }
  const isOver = () => followed.signal?.aborted === true
  for (let failures = 0; !isOver(); ) {
    try {
      for await (const change of connectOnce(client, followed, session)) {
        failures = 0
        yield change
      }
    } catch (error) {
      if (isOver()) return
      if (error instanceof ApiFailure && error.code === 'gone') session.lastId = null
      else if (!session.hasBegun || !isPassing(error) || (failures += 1) >= ATTEMPTS) throw error
    }
    if (isOver()) return
    if (failures <= 1) followed.onBreak('the watch broke off; going on')
    await delay(Math.min(FIRST_PAUSE_MS * 2 ** failures, MAX_PAUSE_MS))
  }
}

/** Where the next connection goes on. */
interface Session {
  /** Whether a watch was ever let in: until then there is nothing to go on with. */
  hasBegun: boolean
  lastId: string | null
  /** As the last bookmark said; null before the first. */
  isFresh: boolean | null
}

async function* connectOnce(client: ApiClient, followed: Followed, session: Session): AsyncGenerator<GameChange, void, undefined> {
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
      yield { kind: 'listed', games: await list(client, followed) }
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

async function list(client: ApiClient, { names, selector, fieldSelector }: Followed): Promise<readonly Game[]> {
  const games = await allGames(client, selector, fieldSelector)
  return names.length === 0 ? games : games.filter(({ metadata }) => names.includes(metadata.name))
}

async function changeOf(client: ApiClient, followed: Followed, { data }: ServerSentEvent): Promise<GameChange | null> {
  const { type, object } = JSON.parse(data) as { readonly type: string; readonly object: Game } // written by our own API
  const { name } = object.metadata
  if (followed.names.length > 0 && !followed.names.includes(name)) return null
  if (type === 'DELETED') return { kind: 'gone', name }
  const { selector, fieldSelector } = followed
  if (selector === null && fieldSelector === null) return { kind: 'changed', game: object }
  // Whether it is still selected is for the API to say.
  const byName = [`metadata.name=${name}`, ...(fieldSelector === null ? [] : [fieldSelector])].join(',')
  const [game] = await allGames(client, selector, byName)
  return game === undefined ? { kind: 'gone', name } : { kind: 'changed', game }
}

function failureOf({ data }: ServerSentEvent): ApiFailure {
  const problem = JSON.parse(data) as Pick<Problem, 'status' | 'code' | 'detail'> // written by our own API
  return new ApiFailure(problem.status, problem)
}

const PASSING: ReadonlySet<string> = new Set(['service_unavailable', 'too_many_requests'])

/** A controller that is started again, or a connection that broke. */
function isPassing(error: unknown): boolean {
  if (error instanceof ApiFailure) return PASSING.has(error.code)
  return !(error instanceof CliError) || error.exitCode === EXIT.noController
}
