import type { Readable } from 'node:stream'
import { RuntimeFailure } from '../model/errors.ts'
import { type Identity, KIND, LABEL, OWNER } from '../model/labels.ts'
import type { ContainerEvent, HostEvent } from '../model/runtime-event.ts'
import { type DockerCall, withDeadline } from './calls.ts'
import type { DockerClients } from './client.ts'
import { unexpected } from './errors.ts'
import { parseEvent } from './event.ts'
import { readLines } from './ndjson.ts'

export interface EventStreamOptions {
  readonly onEvent: (event: ContainerEvent | HostEvent) => void
  /** Called exactly once after the streams were open: one of them ended, or the signal aborted. */
  readonly onEnd: (error: unknown) => void
  /** Docker replays what it still has since then; null takes the last second, which closes the gap between headers and subscription. */
  readonly sinceNs?: bigint | null
  readonly signal: AbortSignal
}

const OVERLAP_NS = 1_000_000_000n

/** Execs and attaches are left out: health checks would flood the stream with them. */
const CONTAINER_ACTIONS = [
  'create',
  'start',
  'restart',
  'die',
  'oom',
  'kill',
  'stop',
  'pause',
  'unpause',
  'rename',
  'update',
  'destroy',
  'health_status',
]
/** Not connect and disconnect: every start and stop makes one. */
const HOST_ACTIONS = ['pull', 'tag', 'untag', 'delete', 'import', 'load', 'create', 'destroy', 'remove']

/**
 * Follows events of containers with our labels, and of images and networks, each by a stream of its own, until the signal
 * aborts. Resolves when both are open, so that a list made then misses nothing; when one ends, the other is ended too.
 *
 * @throws RuntimeFailure transient when they can't be opened; `onEnd` is not called then
 */
export async function openEvents(clients: DockerClients, identity: Identity, options: EventStreamOptions): Promise<void> {
  const streams = new AbortController()
  const close = () => streams.abort(options.signal.reason)
  options.signal.addEventListener('abort', close)
  const end = (error: unknown) => {
    options.signal.removeEventListener('abort', close)
    streams.abort(error)
  }
  const since = secondsOf(options.sinceNs ?? BigInt(clients.clock.nowMs()) * 1_000_000n - OVERLAP_NS)
  try {
    const calls = [containerCall(since), hostCall(since)]
    const work = () => Promise.all(calls.map((call) => clients.open(call, streams.signal)))
    const opened = await withDeadline(clients.callMs, 'events', options.signal, work, clients.clock)
    const followed = opened.map((stream) => follow(stream, identity, options.onEvent))
    void Promise.race(followed).then((error) => {
      end(error)
      options.onEnd(options.signal.aborted ? options.signal.reason : error)
    })
  } catch (error) {
    end(error)
    throw unexpected(error, 'open the event streams')
  }
}

/** Ends with an error in any case: an event stream has no end of its own. */
async function follow(stream: Readable, identity: Identity, onEvent: EventStreamOptions['onEvent']): Promise<Error> {
  try {
    for await (const line of readLines(stream)) {
      const event = parseEvent(line, identity)
      if (event !== null) onEvent(event)
    }
    return new RuntimeFailure('transient', 'service_unavailable', "Docker's event stream ended")
  } catch (error) {
    return new RuntimeFailure('transient', 'service_unavailable', "Docker's event stream broke", { cause: error })
  }
}

function containerCall(since: string): DockerCall {
  const label = [`${LABEL.owner}=${OWNER}`, `${LABEL.kind}=${KIND}`]
  return {
    kind: 'events',
    method: 'GET',
    path: '/events',
    query: { since, filters: { type: ['container'], label, event: CONTAINER_ACTIONS } },
  }
}

function hostCall(since: string): DockerCall {
  return { kind: 'events', method: 'GET', path: '/events', query: { since, filters: { type: ['image', 'network'], event: HOST_ACTIONS } } }
}

/** Docker's timestamp with nanoseconds: `1136073600.000000001`. */
function secondsOf(ns: bigint): string {
  return `${ns / 1_000_000_000n}.${String(ns % 1_000_000_000n).padStart(9, '0')}`
}
