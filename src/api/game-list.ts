import type { Kysely } from 'kysely'
import type { Database } from '../database/tables.ts'
import type { Schedules } from '../turns/schedule.ts'
import { type GamePage, type GameVersion, readGamePage, versionsOf } from './reads/game-page.ts'
import { findGames } from './reads/games.ts'
import { RecentlyUsed } from './recently-used.ts'
import { toContinueToken } from './requests.ts'
import { type WrittenGame, WrittenGames } from './written-games.ts'

/** A page that was answered, and what Postgres said of it then. */
interface AnsweredPage {
  readonly page: GamePage
  readonly answer: Buffer
  readonly untilMs: number
}

const MAX_BYTES = 128 * 1024 ** 2
/** What a page takes besides: anybody may ask for as many as there are texts to go on after, most of them without a game. */
const PAGE_BYTES = 512
const COMMA = Buffer.from(',')
const END = Buffer.from(']}')

/**
 * The list of games as JSON, page by page (ADR 26). Postgres is asked at each call which games there are, and in which state: a page of which it says
 * what it said before is answered as before, and of another one only those games are read that were not written out in that state.
 */
export class GameList {
  readonly #db: Kysely<Database>
  readonly #games: WrittenGames
  readonly #answered: RecentlyUsed<AnsweredPage>

  constructor(db: Kysely<Database>, schedules: Schedules, maxBytes = MAX_BYTES) {
    this.#db = db
    this.#games = new WrittenGames(schedules)
    this.#answered = new RecentlyUsed(maxBytes)
  }

  /**
   * A `GameList`, in which each game is as it was at some moment since the call.
   * @param after an id; '' for the first page
   */
  async page(after: string, limit: number, nowMs: number): Promise<Buffer> {
    const key = `${limit} ${after}`
    const page = await readGamePage(this.#db, after, limit + 1)
    const known = this.#answered.get(key)
    if (known !== undefined && isSame(known.page, page) && nowMs < known.untilMs) return known.answer
    const versions = versionsOf(page)
    const shown = versions.slice(0, limit)
    const games = await this.#writtenOf(shown, page.server, nowMs)
    const answer = answerOf(games, page.observedAt, versions.length > limit ? shown.at(-1) : undefined)
    const isAsSaid = games.length === shown.length && games.every(({ version }, index) => version === shown[index]?.version)
    const untilMs = games.reduce((least, game) => Math.min(least, game.untilMs), Number.POSITIVE_INFINITY)
    if (isAsSaid && games.every(({ server }) => server === page.server))
      this.#answered.set(key, { page, answer, untilMs }, PAGE_BYTES + page.games.length + answer.length)
    return answer
  }

  /** In the same order, without those that have gone meanwhile. */
  async #writtenOf(games: readonly GameVersion[], server: string, nowMs: number): Promise<readonly WrittenGame[]> {
    const found = games.map((game) => this.#games.find(game, server, nowMs))
    const missing = games.filter((_, index) => found[index] === null).map(({ gameId }) => gameId)
    if (missing.length === 0) return found.filter((written) => written !== null)
    const rows = await findGames(this.#db, missing)
    const read = new Map(rows.map((row) => [row.game_id, this.#games.write(row, nowMs)]))
    return games.flatMap(({ gameId }, index) => found[index] ?? read.get(gameId) ?? [])
  }
}

function isSame(a: GamePage, b: GamePage): boolean {
  return a.server === b.server && a.observedAt?.getTime() === b.observedAt?.getTime() && a.games === b.games
}

/** @param last the last game of a page that is not the last */
function answerOf(games: readonly WrittenGame[], observedAt: Date | null, last: GameVersion | undefined): Buffer {
  const metadata = JSON.stringify({ continue: last === undefined ? null : toContinueToken(last.gameId) })
  const observed = Buffer.from(JSON.stringify(observedAt))
  const items = games.flatMap(({ before, after }, index) => (index === 0 ? [before, observed, after] : [COMMA, before, observed, after]))
  return Buffer.concat([Buffer.from(`{"kind":"GameList","metadata":${metadata},"items":[`), ...items, END])
}
