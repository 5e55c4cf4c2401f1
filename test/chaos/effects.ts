/** One thing the controller does to the outside: a Docker write, an engine write, a committed SQL write, a change of a state folder. */
export interface OutsideEffect {
  readonly by: 'docker' | 'engine' | 'database' | 'folder'
  /** `container_start`, `turn`, `operation opened`, … */
  readonly kind: string
  /** As far as it can be told. */
  readonly game: string | null
}

export interface NumberedEffect extends OutsideEffect {
  /** From 1, over all lives. */
  readonly number: number
  /** When it began: on the machine's own clock, and on the world's; epoch milliseconds. */
  readonly realMs: number
  readonly atMs: number
}

/**
 * - `before`: the call never reaches the outside.
 * - `after`: it takes effect, and its answer is lost.
 * - `answered`: the controller has the answer, and gets no further call out.
 */
export type Moment = 'before' | 'after' | 'answered'

export interface Crash {
  /** Number of the effect. */
  readonly effect: number
  readonly moment: Moment
}
