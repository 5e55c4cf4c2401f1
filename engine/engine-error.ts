/** A refusal that goes to the caller as `{"error": {"code", "message"}}`. */
export class EngineError extends Error {
  override readonly name = 'EngineError'
  readonly status: number
  readonly code: string

  constructor(status: number, code: string, message: string) {
    super(message)
    this.status = status
    this.code = code
  }
}
