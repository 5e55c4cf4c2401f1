import { setTimeout as delay } from 'node:timers/promises'
import type { Problem } from './api-types.ts'
import { ApiFailure } from './client.ts'
import { CliError, EXIT } from './exit.ts'
import type { ServerSentEvent } from './server-sent-events.ts'

export type Change<Row> =
  /** All that there are: at first, and whenever what was known can't be gone on from. */
  | { readonly kind: 'listed'; readonly rows: readonly Row[] }
  | { readonly kind: 'changed'; readonly row: Row }
  | { readonly kind: 'gone'; readonly name: string }

/** Where the next connection goes on. */
export interface Session {
  /** Whether a watch was ever let in: until then there is nothing to go on with. */
  hasBegun: boolean
  lastId: string | null
  /** As the last bookmark said; null before the first. */
  isFresh: boolean | null
}

export interface Followed {
  /** Told when the connection broke and is made again. */
  readonly onBreak: (reason: string) => void
  readonly signal?: AbortSignal
}

const FIRST_PAUSE_MS = 250
const MAX_PAUSE_MS = 5_000
/** After so many attempts in a row nobody is there any more. */
const ATTEMPTS = 8

/**
 * What connections to the watch bring, one after the other: one that breaks is made again and goes on where it was.
 *
 * @throws CliError when the watch is refused, or nobody answers for half a minute
 */
export async function* followWatch<Row>(
  { onBreak, signal }: Followed,
  connect: (session: Session) => AsyncIterable<Change<Row>>,
): AsyncGenerator<Change<Row>, void, undefined> {
  const session: Session = { hasBegun: false, lastId: null, isFresh: null }
  const isOver = () => signal?.aborted === true
  for (let failures = 0; !isOver(); ) {
    try {
      for await (const change of connect(session)) {
        failures = 0
        yield change
      }
    } catch (error) {
      if (isOver()) return
      if (error instanceof ApiFailure && error.code === 'gone') session.lastId = null
      else if (!session.hasBegun || !isPassing(error) || (failures += 1) >= ATTEMPTS) throw error
    }
    if (isOver()) return
    if (failures <= 1) onBreak('the watch broke off; going on')
    await delay(Math.min(FIRST_PAUSE_MS * 2 ** failures, MAX_PAUSE_MS))
  }
}

/** What the server says last of all. */
export function failureOf({ data }: ServerSentEvent): ApiFailure {
  const problem = JSON.parse(data) as Pick<Problem, 'status' | 'code' | 'detail'> // written by our own API
  return new ApiFailure(problem.status, problem, 'GET /watch')
}

const PASSING: ReadonlySet<string> = new Set(['service_unavailable', 'too_many_requests'])

/** A controller that is started again, or a connection that broke. */
function isPassing(error: unknown): boolean {
  if (error instanceof ApiFailure) return PASSING.has(error.code)
  return !(error instanceof CliError) || error.exitCode === EXIT.noController
}
