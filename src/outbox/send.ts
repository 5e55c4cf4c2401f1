import { Agent, request } from 'undici'
import { messageOf } from '../model/errors.ts'
import { bodyOf, type OutboxEvent } from './event.ts'
import { signatureOf } from './signature.ts'

export interface Receiver {
  /** `http:` or `https:`; never logged, since it may hold a secret itself. */
  readonly url: string
  /** One usually; a second one while they are changed over. Never logged. */
  readonly secrets: readonly [string, ...string[]]
  /** From the connection to the end of the answer. */
  readonly timeoutMs: number
}

export type Answer =
  | { readonly kind: 'acknowledged' }
  /** `isFinal`: the receiver wants no repetition. */
  | { readonly kind: 'refused'; readonly isFinal: boolean; readonly error: string }

export interface Sender {
  /** Sends once. Never throws; when the signal aborts, the answer says nothing about what the receiver did. */
  send(event: OutboxEvent, signal: AbortSignal): Promise<Answer>
  /** Ends the connections. */
  close(): Promise<void>
}

const ANSWER_LIMIT_BYTES = 64 * 1024
const GONE = 410

/** Posts events to the webhook (docs/webhook.md). Redirects are not followed, and of an answer only its status counts. */
export function createSender({ url, secrets, timeoutMs }: Receiver, nowMs: () => number): Sender {
  const agent = new Agent({ connectTimeout: timeoutMs })
  const send = async (event: OutboxEvent, signal: AbortSignal): Promise<Answer> => {
    const body = bodyOf(event)
    const deadline = AbortSignal.timeout(timeoutMs)
    try {
      const answer = await request(url, {
        dispatcher: agent,
        method: 'POST',
        signal: AbortSignal.any([signal, deadline]),
        headers: {
          'content-type': 'application/json',
          'user-agent': 'galaxy-runtime',
          'galaxy-signature': signatureOf(body, secrets, Math.floor(nowMs() / 1000)),
          'galaxy-event-id': event.eventId,
          'galaxy-event-type': event.type,
          'galaxy-delivery-attempt': String(event.attempts + 1),
        },
        body,
      })
      // Read so that the connection can be used again; what becomes of it changes nothing about the status.
      await answer.body.dump({ limit: ANSWER_LIMIT_BYTES }).catch(() => undefined)
      return judge(answer.statusCode)
    } catch (error) {
      const message = deadline.aborted ? `no answer within ${timeoutMs} ms` : faultOf(error)
      return { kind: 'refused', isFinal: false, error: message }
    }
  }
  return { send, close: () => agent.destroy() }
}

/** Anything but 2xx is repeated, since a receiver that is deployed or proxied wrongly answers with any of them. 410 is meant. */
function judge(status: number): Answer {
  if (status >= 200 && status < 300) return { kind: 'acknowledged' }
  const hint = status >= 300 && status < 400 ? '; redirects are not followed' : ''
  return { kind: 'refused', isFinal: status === GONE, error: `answered ${status}${hint}` }
}

function faultOf(error: unknown): string {
  // A name with several addresses fails once for each, and says nothing itself.
  return error instanceof AggregateError ? error.errors.map(messageOf).join('; ') : messageOf(error)
}
