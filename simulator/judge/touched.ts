import type { Container } from '../world/container.ts'
import type { Caller, Entry } from '../world/history.ts'

/** What a caller did to a container that was there. */
export interface Touch {
  readonly container: Container
  readonly action: string
  /** The call that did it. */
  readonly kind: string
  readonly callId: number
  readonly seq: number
  readonly atMs: number
}

/**
 * Everything that calls of one caller did to existing containers, in order: for S2, ask whose they are; for S3, whether any is destructive (`container_stop`,
 * `container_kill`, `container_remove`) in a time without information. Also what comes of a call later, as the end after a signal.
 */
export function touched(entries: readonly Entry[], caller: Caller): readonly Touch[] {
  const kinds = new Map<number, string>()
  return entries.flatMap(({ seq, atMs, origin, effect }) => {
    if (origin.kind !== 'life') kinds.set(origin.callId, origin.kind)
    if (effect.subject !== 'container' || effect.before === null || origin.caller !== caller || origin.callId === 0) return []
    return [
      { container: effect.before, action: effect.action, kind: kinds.get(origin.callId) ?? origin.kind, callId: origin.callId, seq, atMs },
    ]
  })
}
