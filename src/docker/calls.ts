import { Readable } from 'node:stream'
import type Docker from 'dockerode'
import { type Clock, systemClock } from '../clock.ts'
import { RuntimeFailure } from '../model/errors.ts'
import { DockerDeadline, fromModem, isUnchanged } from './errors.ts'

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

/** Told of every HTTP call when it has ended; of a stream, when its headers are here. */
export type CallObserver = (kind: string, durationMs: number, ok: boolean) => void

/**
 * Sends one call and gives the parsed JSON of its answer.
 *
 * @throws DockerRefusal when the daemon answers anything but success; RuntimeFailure when it can't be reached, has a full disk or misses the deadline
 */
export function sendCall(docker: Docker, call: DockerCall, callMs: number, signal: AbortSignal, onCall: CallObserver): Promise<unknown> {
  const deadlineMs = call.deadlineMs ?? callMs
  return observed(call, onCall, () => withDeadline(deadlineMs, call.kind, signal, (callSignal) => dial(docker, call, callSignal, false)))
}

/**
 * Opens an endless or long answer; resolves with its body once the headers are here. The signal ends both; there is no
 * other deadline.
 */
export async function openStream(docker: Docker, call: DockerCall, signal: AbortSignal, onCall: CallObserver): Promise<Readable> {
  signal.throwIfAborted()
  const body = await observed(call, onCall, () => dial(docker, call, signal, true))
  if (body instanceof Readable) return body
  throw new RuntimeFailure('transient', 'service_unavailable', `Docker gave no stream for ${call.kind}`)
}

async function observed(call: DockerCall, onCall: CallObserver, work: () => Promise<unknown>): Promise<unknown> {
  const startedMs = performance.now()
  try {
    const answer = await work()
    onCall(call.kind, performance.now() - startedMs, true)
    return answer
  } catch (error) {
    onCall(call.kind, performance.now() - startedMs, isUnchanged(error))
    throw error
  }
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
