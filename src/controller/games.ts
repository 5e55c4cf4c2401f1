import type { Maxima, PlayerMapping } from '../model/engine.ts'
import type { Operation, QueuedOperation } from '../model/operation.ts'
import type { RuntimeRecord } from '../model/record.ts'
import { type GameStatus, NEW_STATUS } from '../model/status.ts'
import type { OpenTurn } from '../model/turn.ts'
import type { StoredGame } from '../record/load.ts'
import type { EngineReading } from './plan/input.ts'

/** What this term knows of a game beside its desired row and its containers. */
export interface GameMemory {
  /** Whether this term has written what it saw of the game, or found it written already: then the status is vouched for (S8). */
  readonly isSeen: boolean
  readonly status: GameStatus
  readonly record: RuntimeRecord | null
  readonly openOperation: Operation | null
  /** Asked for and not begun, oldest first. */
  readonly queued: readonly QueuedOperation[]
  /** The version of the desired row beside which the queue was read last. */
  readonly queuedAsOf: string | null
  /** There is a queue that this memory may not show: read it before the next plan. */
  readonly isQueueUnsure: boolean
  readonly openTurn: OpenTurn | null
  /** The highest turn in the ledger of this incarnation of the state; null: none. */
  readonly computedTurn: number | null
  readonly mapping: readonly PlayerMapping[]
  readonly maxima: Maxima
  /** What the engine said last, of this life of this container; null when it has to be asked. */
  readonly engine: KnownEngine | null
  readonly lastTurn: { readonly fromMs: number; readonly toMs: number } | null
  /** The answer to a write was lost: read the database again before anything else. */
  readonly isUnsure: boolean
  /** Looks in a row that ended in "look again"; a world that never settles is a failure. */
  readonly looks: number
  /** Calls in a row that got no answer. */
  readonly unanswered: number
  readonly resizeRefused: string | null
  /** What the open operation has pulled, so that the pull policy `always` pulls once per operation. */
  readonly pulled: string | null
  /** Progress of the call under way, e.g. of a pull. */
  readonly progress: string | null
}

export interface KnownEngine {
  readonly containerId: string
  /** When the container was started, where that is known. */
  readonly startedAtMs: number | null
  readonly reading: Exclude<EngineReading, { kind: 'unasked' }>
}

const NEW_GAME: GameMemory = {
  isSeen: false,
  status: NEW_STATUS,
  record: null,
  openOperation: null,
  queued: [],
  queuedAsOf: null,
  isQueueUnsure: false,
  openTurn: null,
  computedTurn: null,
  mapping: [],
  maxima: {},
  engine: null,
  lastTurn: null,
  isUnsure: false,
  looks: 0,
  unanswered: 0,
  resizeRefused: null,
  pulled: null,
  progress: null,
}

/** What the database knows of a game is what this term goes on from. A queue belongs to a row that may not be in memory yet. */
export function rememberedOf(stored: StoredGame): Partial<GameMemory> {
  const { status, record, openOperation, queued, openTurn, computedTurn, mapping, maxima } = stored
  return { status, record, openOperation, queued: [], isQueueUnsure: queued.length > 0, openTurn, computedTurn, mapping, maxima }
}

/** The active controller is the only writer of records and statuses, so its memory of them is the truth between its writes. */
export class Games {
  readonly #games = new Map<string, GameMemory>()

  of(gameId: string): GameMemory {
    return this.#games.get(gameId) ?? NEW_GAME
  }

  set(gameId: string, memory: GameMemory): void {
    this.#games.set(gameId, memory)
  }

  update(gameId: string, change: Partial<GameMemory>): void {
    this.#games.set(gameId, { ...this.of(gameId), ...change })
  }

  /** The game is removed. What wrote its state directory stays known: the directory is still there (S5), and may be asked for again. */
  forget(gameId: string): void {
    const { status, queued, computedTurn } = this.of(gameId)
    const { stateEngine, stateVersion, stateImageRef, stateIncarnation } = status
    this.#games.set(gameId, {
      ...NEW_GAME,
      status: { ...NEW_STATUS, stateEngine, stateVersion, stateImageRef, stateIncarnation },
      isQueueUnsure: queued.length > 0,
      computedTurn,
    })
  }

  /** Those of which the database tells what an earlier term saw. */
  unseen(): readonly string[] {
    return [...this.#games].flatMap(([gameId, memory]) => (!memory.isSeen && hasStatus(memory) ? [gameId] : []))
  }

  /** What is known of each game that has a record or a condition. */
  known(): Iterable<GameMemory> & IteratorObject<GameMemory> {
    return this.#games.values().filter(hasStatus)
  }

  /** Those that a look may find something to do about; one that is over costs memory, and nothing at each resync. */
  keys(): Iterable<string> {
    return this.#games
      .entries()
      .filter(([, memory]) => !isOver(memory))
      .map(([gameId]) => gameId)
  }
}

function hasStatus({ record, status }: GameMemory): boolean {
  return record !== null || status.conditions.length > 0
}

/** Removed, or never begun, and all told: what is left to know of it waits for its row. */
function isOver({ record, openOperation, openTurn, queued, isQueueUnsure, isUnsure, status }: GameMemory): boolean {
  const isOpen = record !== null || openOperation !== null || openTurn !== null || queued.length > 0
  return !isOpen && !isQueueUnsure && !isUnsure && status.conditions.length === 0
}
