/** A row of the outbox on its way out. */
export interface OutboxEvent {
  readonly rowId: number
  readonly gameId: string
  readonly type: string
  /** The row's idempotency key: the same for every repetition. */
  readonly eventId: string
  readonly createdAt: Date
  /** JSON text as Postgres prints it, so that no number is rounded on the way. */
  readonly payloadJson: string
  /** Attempts that have been recorded. One whose record was lost in a crash is missing. */
  readonly attempts: number
}

/** The request's body; the same bytes at every attempt. */
export function bodyOf({ eventId, type, gameId, createdAt, payloadJson }: OutboxEvent): string {
  const head = JSON.stringify({ id: eventId, type, gameId, createdAt: createdAt.toISOString() })
  return `${head.slice(0, -1)},"data":${payloadJson}}`
}
