import type { Kysely } from 'kysely'
import type { Database } from '../database/tables.ts'
import { LOCAL, type Caller } from './gate.ts'
import { ApiProblem } from './problem.ts'
import { tokensInForce } from './token-store.ts'

export interface OpenStreamOptions {
  readonly db: Kysely<Database>
  /** How many one token may have open at once. */
  readonly perToken: number
  /** The API's end. */
  readonly signal: AbortSignal
  /** How often tokens of open streams are looked up again, in ms. */
  readonly checkMs?: number
}

/** An answer that goes on until somebody ends it. */
export interface OpenStream {
  /** Aborts with an ApiProblem as its reason: the token does not hold any more, or the API ends. */
  readonly signal: AbortSignal
  /** To be called when it has ended, however it did. */
  release(): void
}

const CHECK_MS = 2_000
/** Without an answer of the database for so long nobody knows whether a token still holds. */
const UNCONFIRMED_MS = 30_000

/**
 * Answers without an end of their own: so many per token, and none beyond the validity of its token. What a gate does once at
 * the beginning of a request is done here all along it. Costs nothing while none is open.
 */
export class OpenStreams {
  readonly #options: OpenStreamOptions
  /** By token id. */
  readonly #open = new Map<string, Set<AbortController>>()
  #checks: NodeJS.Timeout | undefined
  #confirmedAtMs = 0

  constructor(options: OpenStreamOptions) {
    this.#options = options
    options.signal.addEventListener('abort', () => this.#endAll(new ApiProblem('service_unavailable', 'this controller is ending')))
  }

  /** @throws ApiProblem `too_many_requests` */
  admit({ id, name }: Caller): OpenStream {
    const { perToken, signal } = this.#options
    const streams = this.#open.get(id) ?? new Set()
    if (streams.size >= perToken)
      throw new ApiProblem('too_many_requests', `the token ${name} has ${perToken} watches and logs open; end one first`)
    const stream = new AbortController()
    if (signal.aborted) stream.abort(new ApiProblem('service_unavailable', 'this controller is ending'))
    this.#open.set(id, streams.add(stream))
    this.#watchTokens()
    return {
      signal: stream.signal,
      release: () => {
        streams.delete(stream)
        if (streams.size === 0 && this.#open.get(id) === streams) this.#open.delete(id)
        if (this.#open.size === 0) this.#rest()
      },
    }
  }

  #watchTokens(): void {
    if (this.#checks !== undefined) return
    this.#confirmedAtMs = performance.now()
    this.#checks = setInterval(() => void this.#checkTokens(), this.#options.checkMs ?? CHECK_MS)
  }

  #rest(): void {
    clearInterval(this.#checks)
    this.#checks = undefined
  }

  async #checkTokens(): Promise<void> {
    const asked = [...this.#open.keys()].filter((id) => id !== LOCAL)
    try {
      const inForce = asked.length === 0 ? new Set<string>() : await tokensInForce(this.#options.db, asked)
      this.#confirmedAtMs = performance.now()
      for (const id of asked) if (!inForce.has(id)) this.#end(id, new ApiProblem('unauthorized', 'the token does not hold any more'))
    } catch {
      if (performance.now() - this.#confirmedAtMs < UNCONFIRMED_MS) return
      const problem = new ApiProblem('service_unavailable', 'the database can’t be asked whether the token still holds')
      for (const id of asked) this.#end(id, problem)
    }
  }

  #endAll(problem: ApiProblem): void {
    for (const id of this.#open.keys()) this.#end(id, problem)
  }

  #end(id: string, problem: ApiProblem): void {
    for (const stream of this.#open.get(id) ?? []) stream.abort(problem)
  }
}
