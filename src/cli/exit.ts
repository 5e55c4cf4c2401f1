/** Exit codes, as `galaxy --help` tells them. */
export const EXIT = {
  ok: 0,
  /** Refused or failed; for `diff`: something differs; for `doctor`: a check fails; for `down`: something may still run. */
  failed: 1,
  /** Wrong usage or configuration; for `diff`: any error. */
  usage: 2,
  noController: 3,
  timedOut: 4,
} as const

export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

/** A failure that the reader can mend; shown without a stack. */
export class CliError extends Error {
  readonly exitCode: ExitCode

  constructor(message: string, exitCode: ExitCode = EXIT.failed, options?: ErrorOptions) {
    super(message, options)
    this.name = 'CliError'
    this.exitCode = exitCode
  }
}
