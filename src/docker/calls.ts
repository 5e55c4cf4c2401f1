import { Readable } from 'node:stream'
import type Docker from 'dockerode'
import { type Clock, systemClock } from '../clock.ts'
import { RuntimeFailure } from '../model/errors.ts'
import { inCallSpan } from '../tracing/spans.ts'
import { DockerDeadline, DockerRefusal, fromModem, isUnchanged } from './errors.ts'

/** One HTTP call of the Engine API. `path` has no version and no query. */
export interface DockerCall {
  /** Names the call in errors and metrics, e.g. `container_start`. */
  readonly kind: string
  readonly method: 'GET' | 'POST' | 'DELETE'
  readonly path: string
  /** Objects are sent as JSON, as Docker's `filters` are. */
  readonly query?: Readonly<Record<string, unknown>>
  readonly body?: object
  /** Instead of the client's own deadline. */
  readonly deadlineMs?: number
  /** Goes into the `X-Registry-Auth` header. */
  readonly registryAuth?: object
}

/** `refused`: Docker answered, and the answer is no. `unanswered`: nothing came, or not in time. `given_up`: nobody waited for it any more. */
export type CallOutcome = 'ok' | 'refused' | 'unanswered' | 'given_up'

/** Told of every HTTP call when it has ended; of a stream, when its headers are here. */
export type CallObserver = (kind: string, durationMs: number, outcome: CallOutcome) => void

/**
 * Sends one call and gives the parsed JSON of its answer.
 *
 * @throws DockerRefusal when the daemon answers anything but success; RuntimeFailure when it can't be reached, has a full disk or misses the deadline
 */
export function sendCall(docker: Docker, call: DockerCall, callMs: number, signal: AbortSignal, onCall: CallObserver): Promise<unknown> {
  const deadlineMs = call.deadlineMs ?? callMs
  return observed(call, signal, onCall, () =>
    withDeadline(deadlineMs, call.kind, signal, (callSignal) => dial(docker, call, callSignal, false)),
  )
}

/**
 * Opens an endless or long answer; resolves with its body once the headers are here. The signal ends both; there is no
 * other deadline.
 */
export async function openStream(docker: Docker, call: DockerCall, signal: AbortSignal, onCall: CallObserver): Promise<Readable> {
  signal.throwIfAborted()
  const body = await observed(call, signal, onCall, () => dial(docker, call, signal, true))
  if (body instanceof Readable) return body
  throw new RuntimeFailure('transient', 'service_unavailable', `Docker gave no stream for ${call.kind}`)
}

async function observed(call: DockerCall, signal: AbortSignal, onCall: CallObserver, work: () => Promise<unknown>): Promise<unknown> {
  const startedMs = performance.now()
  const told = (outcome: CallOutcome): void => onCall(call.kind, performance.now() - startedMs, outcome)
  try {
    const attributes = { 'http.request.method': call.method, 'url.path': call.path }
    const answer = await inCallSpan(`docker ${call.kind}`, attributes, work, (error) => !isUnchanged(error))
    told('ok')
    return answer
  } catch (error) {
    told(outcomeOf(error, signal))
    throw error
  }
}

function outcomeOf(error: unknown, { aborted }: AbortSignal): CallOutcome {
  if (isUnchanged(error)) return 'ok'
  if (error instanceof DockerRefusal) return 'refused'
  return aborted ? 'given_up' : 'unanswered'
}

/**
 * Runs `work` until it ends, the deadline passes or the caller gives up. The race is needed beside the signal: docker-modem
 * never settles when the connection breaks within a body.
 */
export async function withDeadline<T>(
  deadlineMs: number,
  kind: string,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
  clock: Clock = systemClock,
): Promise<T> {
  signal.throwIfAborted()
  const call = new AbortController()
  const given = new Promise<never>((_, reject) => call.signal.addEventListener('abort', () => reject(call.signal.reason)))
  const late = () => call.abort(new DockerDeadline(kind, deadlineMs))
  const cancel = clock.after(deadlineMs, late)
  const giveUp = () => call.abort(signal.reason)
  signal.addEventListener('abort', giveUp)
  try {
    return await Promise.race([work(call.signal), given])
  } finally {
    cancel()
    signal.removeEventListener('abort', giveUp)
  }
}

/** dockerode's own methods put a create's whole body into the URL and leave some calls without an abort signal, so its modem is used directly. */
function dial(docker: Docker, call: DockerCall, signal: AbortSignal, isStream: boolean): Promise<unknown> {
  const options = {
    path: `${call.path}?`,
    method: call.method,
    options: { _query: call.query ?? {}, _body: call.body ?? {} },
    ...(call.registryAuth === undefined ? {} : { authconfig: call.registryAuth }),
    abortSignal: signal,
    isStream,
    statusCodes: { 200: true, 201: true, 204: true },
  }
  return new Promise((resolve, reject) => {
    docker.modem.dial(options, (error: unknown, answer: unknown) =>
      error === null || error === undefined ? resolve(answer) : reject(fromModem(error, call.kind)),
    )
  })
}
