/**
 * - `killed`: the connection breaks before the statement; an open transaction is rolled back.
 * - `answer_lost`: the statement (a COMMIT, or one outside of a transaction) takes effect, then the connection breaks.
 * - `read_only`: the server refuses the write with SQLSTATE 25006.
 * - `notify_lost`: the next notification does not arrive.
 * - `listen_lost`: the listening connection breaks.
 */
export interface DatabaseFault {
  readonly kind: 'killed' | 'answer_lost' | 'read_only' | 'notify_lost' | 'listen_lost'
  /** Strikes writes alone; default true. */
  readonly writes?: boolean
  /** The how manieth that fits, from 1 (default). */
  readonly nth?: number
  /** How many in a row; default 1. */
  readonly times?: number
}
