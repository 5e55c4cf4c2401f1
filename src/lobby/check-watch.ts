import { checkGameId } from './check.ts'
import { objectOf, refuse, textOf } from './check-value.ts'
import { BEGINNING, type Cursor, parseCursor } from './cursor.ts'

export interface WatchOptions {
  /** A snapshot's `cursor`: what comes behind it. Left out: everything that is stored. */
  readonly after?: string | undefined
  /** Left out: all games. */
  readonly gameIds?: readonly string[] | undefined
  /** Ends the iteration, without an error. */
  readonly signal?: AbortSignal | undefined
  /** Longest a lost notification can delay a snapshot, in ms. Default 2 s. */
  readonly pollMs?: number | undefined
  /** Most snapshots in memory at a time; the next are read when these are consumed. Default 100. */
  readonly pageSize?: number | undefined
}

/** A watch, checked. */
export interface WatchRequest {
  readonly after: Cursor
  /** Null: all games. */
  readonly gameIds: readonly string[] | null
  readonly pollMs: number
  readonly pageSize: number
}

const POLL_MS = { default: 2_000, min: 10, max: 3_600_000 } as const
const PAGE_SIZE = { default: 100, min: 1, max: 1_000 } as const

/** @throws TypeError */
export function checkWatch(options: WatchOptions): WatchRequest {
  objectOf(options, 'options', ['after', 'gameIds', 'signal', 'pollMs', 'pageSize'], 'an object')
  const { after, gameIds, signal, pollMs = POLL_MS.default, pageSize = PAGE_SIZE.default } = options
  if (gameIds !== undefined && !Array.isArray(gameIds)) refuse('options.gameIds', gameIds, 'a list of game ids')
  for (const [index, gameId] of (gameIds ?? []).entries()) checkGameId(gameId, `options.gameIds[${index}]`)
  if (signal !== undefined && !(signal instanceof AbortSignal)) refuse('options.signal', signal, 'an AbortSignal')
  checkWhole(pollMs, 'options.pollMs', POLL_MS)
  checkWhole(pageSize, 'options.pageSize', PAGE_SIZE)
  return { after: after === undefined ? BEGINNING : checkCursor(after), gameIds: gameIds ?? null, pollMs, pageSize }
}

function checkCursor(after: unknown): Cursor {
  const expected = `a snapshot's cursor`
  return parseCursor(textOf(after, 'options.after', expected)) ?? refuse('options.after', after, expected)
}

function checkWhole(value: unknown, field: string, { min, max }: { readonly min: number; readonly max: number }): void {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < min || value > max)
    refuse(field, value, `a whole number from ${min} to ${max}`)
}
