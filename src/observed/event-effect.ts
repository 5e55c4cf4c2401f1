import type { ObservedContainer } from '../model/observed.ts'
import type { ContainerEvent } from '../model/runtime-event.ts'

/** Events that say nothing about a container's state, limits or name. */
const NEUTRAL = /^(exec_|attach|detach|top|resize|commit|copy|export|archive-path|extract-to-dir|kill|stop|restart|health_status: starting)/

/**
 * Whether a snapshot already shows what an event tells. An event that it shows is nothing to do about, also when it comes
 * twice, late or in another order; any other makes the container's snapshot stale.
 *
 * Times are the daemon's on both sides, so they compare.
 */
export function isReflected(container: ObservedContainer | undefined, event: ContainerEvent): boolean {
  if (NEUTRAL.test(event.action)) return true
  if (container === undefined) return event.action === 'destroy'
  const { detail, state } = container
  const atMs = Number(event.timeNs / 1_000_000n)
  switch (event.action) {
    case 'create':
      return true
    case 'start':
      return state === 'running' || (detail?.startedAtMs ?? 0) > atMs
    case 'die':
      if (detail === null) return false
      return state === 'running' ? (detail.startedAtMs ?? 0) > atMs : state === 'exited' || state === 'dead'
    case 'oom':
      return detail?.isOomKilled === true
    case 'rename':
      return container.name === event.name
    case 'pause':
      return state === 'paused'
    case 'unpause':
      return state !== 'paused'
    case 'health_status: healthy':
      return detail?.dockerHealth === 'healthy'
    case 'health_status: unhealthy':
      return detail?.dockerHealth === 'unhealthy'
    default:
      return false
  }
}
