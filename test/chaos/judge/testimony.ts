import type { CallEntry, Entry } from '../../../simulator/world/history.ts'

// The judge knows nothing of the controller: no file of this folder imports anything from `src`. What it knows comes from the specification, the simulator's
// history, the database's own words (kept by triggers of the judge's) and the state folders.

export type PromiseName = 'S1' | 'S2' | 'S3' | 'S4' | 'S5' | 'S6' | 'S7' | 'S8' | 'L1'

/** A promise of spec 1 that was broken. */
export interface Finding {
  readonly promise: PromiseName
  readonly message: string
  /** Of the simulator's history; null where no entry shows it. */
  readonly seq: number | null
}

/** One change of the simulated world, and when it happened on the machine's own clock, which Postgres shares; epoch milliseconds. */
export interface Stamped {
  readonly entry: Entry
  readonly realMs: number
}

/** One moment on both clocks. */
export interface Moment {
  readonly realMs: number
  readonly atMs: number
}

/** One row written, as the judge's trigger saw it; kept only where its transaction was committed. */
export interface Write {
  readonly id: number
  /** The machine's clock; epoch milliseconds. */
  readonly realMs: number
  readonly table: string
  readonly op: 'INSERT' | 'UPDATE' | 'DELETE'
  readonly before: Row | null
  readonly after: Row | null
  /** What the writing connection claimed; null where it claimed none. */
  readonly claimedEpoch: number | null
  /** What the lease row said at that moment. */
  readonly currentEpoch: number | null
  readonly isLeaseValid: boolean
}

export type Row = Readonly<Record<string, unknown>>

/** One life of the controller's process; times are the simulator's. */
export interface LifeSpan {
  readonly number: number
  readonly startedAtMs: number
  /** Null while it lives. */
  readonly endedAtMs: number | null
  /** The last entry of the history by then. */
  readonly endedSeq: number | null
}

/** What a state folder was found to be. */
export interface FolderSight {
  readonly realMs: number
  readonly game: string
  readonly isThere: boolean
  /** Of the game's state in it; null where none was begun. */
  readonly turn: number | null
}

/** One turn that an engine computed and saved, by its own account; turn 0 is init. */
export interface ComputedTurn {
  readonly game: string
  /** Lives of the state folder: 1, and one more after each purge. */
  readonly incarnation: number
  readonly turn: number
  readonly containerId: string
}

/** What the status of a game said at a moment when the controller vouched for it. */
export interface StatusSight {
  readonly game: string
  /** Of its condition. */
  readonly ready: string | null
  /** The simulator's time. */
  readonly atMs: number
}

/** Everything the judge goes by. */
export interface Testimony {
  readonly entries: readonly Stamped[]
  /** Moments at which both clocks were read, between the steps of the history and as each effect of the controller began; entries are others. */
  readonly moments: readonly Moment[]
  readonly calls: readonly CallEntry[]
  readonly writes: readonly Write[]
  readonly lives: readonly LifeSpan[]
  readonly identity: Identity
}

export interface Identity {
  readonly instance: string
  readonly deployment: string
}

export function text(row: Row | null | undefined, column: string): string | null {
  const value = row?.[column]
  if (typeof value === 'string') return value
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : null
}

export function number(row: Row | null | undefined, column: string): number | null {
  const value = row?.[column]
  if (typeof value === 'number') return value
  return typeof value === 'string' && value !== '' ? Number(value) : null
}
