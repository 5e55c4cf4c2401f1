import type { ContainerDetail, ObservedContainer } from '../model/observed.ts'
import type { ContainerEvent } from '../model/runtime-event.ts'

/** Events that say nothing about a container's state, limits or name. */
const NEUTRAL = /^(exec_|attach|detach|top|resize|commit|copy|export|archive-path|extract-to-dir|kill|stop|restart|health_status: starting)/

type IsShown = (container: ObservedContainer, atMs: number, event: ContainerEvent) => boolean

/** What a snapshot looks like that was made after the event. */
const SHOWN: ReadonlyMap<string, IsShown> = new Map<string, IsShown>([
  ['create', () => true],
  ['start', ({ state, detail }, atMs) => state === 'running' || Math.max(detail?.startedAtMs ?? 0, detail?.finishedAtMs ?? 0) >= atMs],
  ['die', ({ state, detail }, atMs) => detail !== null && (state === 'running' ? isFromEarlierLife(detail, atMs) : hasEnded(state))],
  ['oom', ({ detail }, atMs) => detail !== null && (detail.isOomKilled || isFromEarlierLife(detail, atMs))],
  ['rename', ({ name }, _, event) => name === event.name],
  ['pause', ({ state }) => state === 'paused'],
  ['unpause', ({ state }) => state !== 'paused'],
  ['health_status: healthy', ({ dockerHealth }) => dockerHealth === 'healthy'],
  ['health_status: unhealthy', ({ dockerHealth }) => dockerHealth === 'unhealthy'],
])

/**
 * Whether a snapshot already shows what an event tells. An event that it shows is nothing to do about, also when it comes
 * twice, late or in another order; any other makes the container's snapshot stale.
 *
 * Times are the daemon's on both sides, so they compare.
 */
export function isReflected(container: ObservedContainer | undefined, event: ContainerEvent): boolean {
  if (NEUTRAL.test(event.action)) return true
  if (container === undefined) return event.action === 'destroy'
  return SHOWN.get(event.action)?.(container, Number(event.timeNs / 1_000_000n), event) ?? false
}

function isFromEarlierLife({ startedAtMs }: ContainerDetail, atMs: number): boolean {
  return (startedAtMs ?? 0) > atMs
}

function hasEnded(state: ObservedContainer['state']): boolean {
  return state === 'exited' || state === 'dead'
}
