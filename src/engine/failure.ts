/**
 * Why a call to an engine brought no usable answer:
 * - `unanswered`: no connection, no answer in time, or one that broke off. Nobody knows whether the call took effect.
 * - `refused`: a status other than 2xx. A turn refused with 409 is being computed, or can't be; `code` and the message say which.
 * - `invalid`: a status of 2xx with an answer that can't be used. The call may well have taken effect.
 */
export type FailureKind = 'unanswered' | 'refused' | 'invalid'

/** The message is bounded and printable, whatever the engine said. */
export class EngineFailure extends Error {
  readonly kind: FailureKind
  /** HTTP status of a refusal, else null. */
  readonly status: number | null
  /** What the engine calls the reason of its refusal, such as `turn_ahead`; null where it names none. */
  readonly code: string | null

  constructor(kind: FailureKind, message: string, refusal: { readonly status: number; readonly code: string | null } | null = null) {
    // No cause: errors of the HTTP parser carry the bytes they failed on, which belong in no log.
    super(message)
    this.name = 'EngineFailure'
    this.kind = kind
    this.status = refusal?.status ?? null
    this.code = refusal?.code ?? null
  }
}
