import type { ErrorCode } from './operation.ts'

/**
 * A failure the loop knows how to answer (style, habit 12): `transient` backs off, `terminal` waits for a new generation,
 * registry or configuration, `conflict` looks again at once. Anything else that is thrown is a bug.
 */
export class RuntimeFailure extends Error {
  readonly kind: 'transient' | 'terminal' | 'conflict'
  readonly code: ErrorCode

  constructor(kind: RuntimeFailure['kind'], code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'RuntimeFailure'
    this.kind = kind
    this.code = code
  }
}

/** Text of anything thrown, with the causes' texts behind it; one that says its cause's already says it once. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const own = error.message || error.name
  const cause = error.cause === undefined ? '' : messageOf(error.cause)
  return own.includes(cause) ? own : `${own}: ${cause}`
}
