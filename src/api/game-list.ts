import { randomUUID } from 'node:crypto'
import type { Kysely } from 'kysely'
import type { Database } from '../database/tables.ts'
import type { Schedules } from '../turns/schedule.ts'
import { toEnvelope } from './envelope.ts'
import { type GameVersion, readGamePage, stateOf } from './reads/game-page.ts'
import { findGames, type GameRow } from './reads/games.ts'
import { toContinueToken } from './requests.ts'

/** A game written out, and for how long that holds. */
interface Written {
  /** Of the page, and of the game's rows. */
  readonly state: string
  readonly version: string
  /** What stands before and after the one thing that changes without any of the game's rows: when the world was last observed. */
  readonly before: Buffer
  readonly after: Buffer
  /** When another turn is the next one; null: no turn comes. */
  readonly untilMs: number | null
}

export interface GameListOptions {
  readonly db: Kysely<Database>
  readonly schedules: Schedules
  /** Of what is kept. */
  readonly maxBytes?: number
}

const MAX_BYTES = 64 * 1024 ** 2
const COMMA = Buffer.from(',')
const END = Buffer.from(']}')

/**
 * The list of games as JSON, page by page (ADR 26). Postgres is asked at each call which games there are, and in which state; only
 * a game that was not written out in that state yet is read. Those listed longest ago are forgotten when all take too much memory.
 */
export class GameList {
  readonly #db: Kysely<Database>
  readonly #schedules: Schedules
  readonly #maxBytes: number
  /** By game, in the order in which they were last listed. */
  readonly #written = new Map<string, Written>()
  #bytes = 0
  /** Stands where the time of observation does; nobody else can have written it. */
  readonly #hole = randomUUID()

  constructor({ db, schedules, maxBytes = MAX_BYTES }: GameListOptions) {
    this.#db = db
    this.#schedules = schedules
    this.#maxBytes = maxBytes
  }

  /**
   * A `GameList`, in which each game is as it was at some moment since the call.
   * @param after an id; '' for the first page
   */
  async page(after: string, limit: number, nowMs: number): Promise<Buffer> {
    const page = await readGamePage(this.#db, after, limit + 1)
    const shown = page.games.slice(0, limit)
    const last = page.games.length > limit ? shown.at(-1) : undefined
    const written = await this.#writtenOf(shown, page.state, nowMs)
    const observed = Buffer.from(JSON.stringify(page.observedAt))
    const metadata = JSON.stringify({ continue: last === undefined ? null : toContinueToken(last.gameId) })
    const parts: Buffer[] = [Buffer.from(`{"kind":"GameList","metadata":${metadata},"items":[`)]
    for (const [index, game] of written.entries()) {
      if (index > 0) parts.push(COMMA)
      parts.push(game.before, observed, game.after)
    }
    parts.push(END)
    return Buffer.concat(parts)
  }

  /** In the same order, without those that have gone meanwhile. */
  async #writtenOf(games: readonly GameVersion[], state: string, nowMs: number): Promise<readonly Written[]> {
    const found = games.map((game) => this.#find(game, state, nowMs))
    const missing = games.filter((_, index) => found[index] === null).map(({ gameId }) => gameId)
    if (missing.length === 0) return found.filter((written) => written !== null)
    const rows = await findGames(this.#db, missing)
    const read = new Map(rows.map((row) => [row.game_id, this.#write(row, nowMs)]))
    return games.flatMap(({ gameId }, index) => found[index] ?? read.get(gameId) ?? [])
  }

  #find({ gameId, version }: GameVersion, state: string, nowMs: number): Written | null {
    const written = this.#written.get(gameId)
    if (written === undefined || written.version !== version || written.state !== state) return null
    if (written.untilMs !== null && nowMs >= written.untilMs) return null
    this.#written.delete(gameId)
    this.#written.set(gameId, written)
    return written
  }

  #write(row: GameRow, nowMs: number): Written {
    const { status, ...envelope } = toEnvelope(row, this.#schedules, nowMs)
    const text = JSON.stringify({ ...envelope, status: { ...status, observedAt: this.#hole } })
    const [before = '', after = ''] = text.split(JSON.stringify(this.#hole))
    const written = {
      state: stateOf(row.server, row.fresh),
      version: row.row_version,
      before: Buffer.from(before),
      after: Buffer.from(after),
      untilMs: status.nextTurnAt === null ? null : status.nextTurnAt.getTime(),
    }
    this.#keep(row.game_id, written)
    return written
  }

  #keep(gameId: string, written: Written): void {
    this.#forget(gameId)
    this.#written.set(gameId, written)
    this.#bytes += lengthOf(written)
    for (const oldest of this.#written.keys()) {
      if (this.#bytes <= this.#maxBytes) return
      this.#forget(oldest)
    }
  }

  #forget(gameId: string): void {
    const written = this.#written.get(gameId)
    if (written === undefined) return
    this.#written.delete(gameId)
    this.#bytes -= lengthOf(written)
  }
}

function lengthOf({ before, after }: Written): number {
  return before.length + after.length
}
