/** What goes wrong with one call, as data. */
export type DockerFault =
  /** Reaches the daemon so much later, even when nobody waits for it any more. */
  | { readonly kind: 'delay'; readonly delayMs: number }
  /** The daemon never hears of it; this is answered in its place. */
  | { readonly kind: 'answer'; readonly status: number; readonly body: string }
  /** Carried out; the connection breaks when the daemon has answered. */
  | { readonly kind: 'drop_answer' }
  /** No answer until lifted: `before` the daemon has heard of it, or `after` it has carried it out. */
  | { readonly kind: 'hang'; readonly effect: 'before' | 'after' }
  /** A list is answered with the last one that was seen when the fault was injected. */
  | { readonly kind: 'stale_list' }

export interface DockerRule {
  readonly on: string
  /** Of this game's containers only. */
  readonly gameId?: string
  /** The first matching call that is hit, from 1. */
  readonly nth?: number
  /** How many calls in a row are hit from there; 1 unless told. */
  readonly times?: number
  readonly fault: DockerFault
}

/** A fault in force. */
export interface Injection {
  readonly hits: number
  /** Resolves at the first hit. */
  readonly hit: Promise<void>
  /** Ends it; who hangs on it loses the connection. */
  lift(): void
}

export function refusal(status: number, message: string): DockerFault {
  return { kind: 'answer', status, body: JSON.stringify({ message }) }
}
