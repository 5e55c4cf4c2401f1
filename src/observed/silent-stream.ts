/** A list showed what the stream never told: the stream is dead, and Docker is not. */
export class SilentStream extends Error {
  readonly untold: ReadonlySet<string>

  constructor(untold: ReadonlySet<string>) {
    super('the event stream was silent while containers changed')
    this.untold = untold
  }
}
