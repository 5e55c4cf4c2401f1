/** Which part of a container's log is asked for. */
export interface LogOptions {
  /** Goes on until the container ends. */
  readonly follow: boolean
  /** The last so many lines; null: all. */
  readonly tail: number | null
  /** Epoch milliseconds; null: from the beginning. */
  readonly sinceMs: number | null
  /** Docker's time before each line. */
  readonly timestamps: boolean
}
