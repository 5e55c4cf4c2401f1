import { Client, type Dispatcher } from 'undici'

export interface EngineRequest {
  readonly method: 'GET' | 'POST'
  /** With the query, if any. */
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  /** Sent as JSON. */
  readonly body?: unknown
  /** The most that is read of an answer with 2xx; of others it is {@link REFUSAL_BYTES}. */
  readonly maxBytes: number
}

export interface EngineAnswer {
  readonly status: number
  /** What was read of the body. */
  readonly bytes: Buffer
  readonly end: BodyEnd
}

export type BodyEnd = { readonly kind: 'whole' } | { readonly kind: 'too_long' } | { readonly kind: 'broken'; readonly error: unknown }

const CLOSED = 'engines are asked no more'

/** A refusal is for people to read, so it is told in little time and few bytes, or it is cut. */
const REFUSAL_BYTES = 65_536
const REFUSAL_MS = 2_000

/**
 * Asks engines over HTTP, each question on a connection of its own.
 *
 * No connection is kept: an engine that was restarted has closed the kept one, and a POST that finds this out can't be told from one that took
 * effect. (Undici's `reset` alone does not do: it closes a connection afterwards, and says nothing of where it comes from.) Connecting within a Docker
 * network takes less than a millisecond.
 */
export class EngineConnections {
  readonly #connectMs: number
  readonly #ends = new Set<End>()
  #isClosed = false

  constructor(connectMs: number) {
    this.#connectMs = connectMs
  }

  /**
   * Asks once: no redirect is followed, nothing is asked again. It takes as long as the signal lets it.
   * @throws where no status came, with whatever says why
   */
  async exchange(origin: string, request: EngineRequest, signal: AbortSignal): Promise<EngineAnswer> {
    if (this.#isClosed) throw new Error(CLOSED)
    signal.throwIfAborted()
    const { client, end } = this.#open(origin)
    // A signal that is given to undici has no effect before the connection is there.
    const giveUp = (): void => void end(errorOf(signal.reason))
    signal.addEventListener('abort', giveUp, { once: true })
    this.#ends.add(end)
    try {
      return await ask(client, request)
    } finally {
      signal.removeEventListener('abort', giveUp)
      this.#ends.delete(end)
      void end(null)
    }
  }

  /** Breaks off what is under way, and asks nothing more. */
  async close(): Promise<void> {
    this.#isClosed = true
    await Promise.all([...this.#ends].map((end) => end(new Error(CLOSED))))
  }

  #open(origin: string): { readonly client: Client; readonly end: End } {
    const socketEnd = new AbortController()
    const connect = { timeout: this.#connectMs, signal: socketEnd.signal }
    // The end alone says how long it takes: undici's own timers are coarse, and each is for one part of a call.
    const client = new Client(origin, { connect, headersTimeout: 0, bodyTimeout: 0 })
    const end: End = async (why) => {
      const isEnded = client.destroy(why)
      // A socket that is still connecting is not the client's yet.
      socketEnd.abort()
      await isEnded
    }
    return { client, end }
  }
}

/** Ends a connection in whatever state it is; what is under way fails for this reason. */
type End = (why: Error | null) => Promise<void>

async function ask(client: Client, { method, path, headers, body, maxBytes }: EngineRequest): Promise<EngineAnswer> {
  const json = body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json', ...headers } }
  const answer = await client.request({ method, path, headers: { ...headers }, ...json, reset: true })
  // One that breaks between two reads would be nobody's error.
  answer.body.on('error', () => {})
  const status = answer.statusCode
  if (isSuccess(status)) return { status, ...(await read(answer.body, maxBytes)) }
  const timer = setTimeout(() => answer.body.destroy(new Error(`no end of it within ${REFUSAL_MS} ms`)), REFUSAL_MS)
  try {
    return { status, ...(await read(answer.body, Math.min(maxBytes, REFUSAL_BYTES))) }
  } finally {
    clearTimeout(timer)
  }
}

export function isSuccess(status: number): boolean {
  return status >= 200 && status <= 299
}

/** Copies into one growing buffer: chunks kept as they come would cost a hundredfold where each has one byte. */
async function read(body: Dispatcher.ResponseData['body'], maxBytes: number): Promise<Pick<EngineAnswer, 'bytes' | 'end'>> {
  let bytes = Buffer.alloc(Math.min(maxBytes, 16_384))
  let length = 0
  try {
    // A body without an encoding yields Buffers; its iterator is typed as any.
    for await (const chunk of body as AsyncIterable<Buffer>) {
      if (length + chunk.length > maxBytes) return { bytes: bytes.subarray(0, length), end: { kind: 'too_long' } }
      if (length + chunk.length > bytes.length) {
        const larger = Buffer.alloc(Math.min(maxBytes, Math.max(2 * bytes.length, length + chunk.length)))
        bytes.copy(larger, 0, 0, length)
        bytes = larger
      }
      length += chunk.copy(bytes, length)
    }
    return { bytes: bytes.subarray(0, length), end: { kind: 'whole' } }
  } catch (error) {
    return { bytes: bytes.subarray(0, length), end: { kind: 'broken', error } }
  }
}

function errorOf(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason))
}
