import { randomUUID } from 'node:crypto'
import type { Schedules } from '../turns/schedule.ts'
import { toEnvelope } from './envelope.ts'
import type { GameVersion } from './reads/game-page.ts'
import type { GameRow } from './reads/games.ts'
import { RecentlyUsed } from './recently-used.ts'

/** A game as JSON, and for how long that holds. */
export interface WrittenGame {
  readonly server: string
  /** Of the game's rows. */
  readonly version: string
  /** What stands before and after the one thing that changes without any of the game's rows: when the world was last observed. */
  readonly before: Buffer
  readonly after: Buffer
  /** Then another turn is the next one; infinite where none comes. */
  readonly untilMs: number
}

const MAX_BYTES = 128 * 1024 ** 2

/** Games that were written out lately, each for as long as that says what Postgres says (ADR 26). */
export class WrittenGames {
  readonly #schedules: Schedules
  readonly #written: RecentlyUsed<WrittenGame>
  /** Stands where the time of observation does; nobody else can have written it. */
  readonly #hole = randomUUID()

  constructor(schedules: Schedules, maxBytes = MAX_BYTES) {
    this.#schedules = schedules
    this.#written = new RecentlyUsed(maxBytes)
  }

  /** Null for a game that was not written out as it is now. */
  find({ gameId, version }: GameVersion, server: string, nowMs: number): WrittenGame | null {
    const written = this.#written.get(gameId)
    return written !== undefined && written.version === version && written.server === server && nowMs < written.untilMs ? written : null
  }

  write(row: GameRow, nowMs: number): WrittenGame {
    const { status, ...envelope } = toEnvelope(row, this.#schedules, nowMs)
    const text = JSON.stringify({ ...envelope, status: { ...status, observedAt: this.#hole } })
    const [before = '', after = ''] = text.split(JSON.stringify(this.#hole))
    const written = {
      server: row.server,
      version: row.row_version,
      before: Buffer.from(before),
      after: Buffer.from(after),
      untilMs: status.nextTurnAt?.getTime() ?? Number.POSITIVE_INFINITY,
    }
    this.#written.set(row.game_id, written, written.before.length + written.after.length)
    return written
  }
}
