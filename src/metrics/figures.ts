import type { QueueFigures } from '../controller/queue.ts'
import type { Condition } from '../model/condition.ts'
import type { RecordStatus } from '../model/record.ts'
import type { OutboxFigures } from '../outbox/figures.ts'

/** What a scrape reads from the memory of the term under way: no query, and no call. */
export interface TermFigures {
  readonly queue: QueueFigures
  readonly world: { readonly isKnown: boolean; readonly containerCount: number }
  games(): Iterable<GameFigures>
  /** The one thing that memory does not hold; null: nothing is delivered, or the database does not answer. */
  outbox(): Promise<OutboxFigures | null>
}

export interface GameFigures {
  readonly status: RecordStatus | null
  readonly conditions: readonly Condition[]
}

/** Null on a standby, which knows nothing of all this. */
export type ReadTerm = () => TermFigures | null
