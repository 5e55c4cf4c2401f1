import type { DatabasePool } from '../../src/database/pool.ts'
import { ENGINE, type Version, VERSIONS } from './setting.ts'

/** What was asked for of one game. */
export interface AskedGame {
  readonly gameId: string
  readonly isRunning: boolean
  readonly version: Version
  readonly cpus: number
}

/** Every game that is desired now, and the rows that say so: written first, then remembered. Its number stays the same. */
export class Fleet {
  readonly #database: DatabasePool
  readonly #games = new Map<string, AskedGame>()
  #made = 0

  constructor(database: DatabasePool) {
    this.#database = database
  }

  get games(): readonly AskedGame[] {
    return [...this.#games.values()]
  }

  async create(count: number): Promise<void> {
    const games = Array.from(
      { length: count },
      (): AskedGame => ({ gameId: this.#nextId(), isRunning: true, version: VERSIONS[0], cpus: 1 }),
    )
    await this.#database.pool.query(
      'INSERT INTO desired_games (game_id, engine, engine_version, cpus) SELECT unnest($1::text[]), $2, $3, 1',
      [games.map(({ gameId }) => gameId), ENGINE, VERSIONS[0]],
    )
    for (const game of games) this.#games.set(game.gameId, game)
  }

  /** Another game takes its place; every second one takes its state along. */
  async replace({ gameId }: AskedGame): Promise<void> {
    const isPurge = this.#made % 2 === 0
    await this.#write(
      isPurge
        ? 'UPDATE desired_games SET deleted_at = now(), purge_state = true WHERE game_id = $1'
        : 'DELETE FROM desired_games WHERE game_id = $1',
      gameId,
    )
    this.#games.delete(gameId)
    await this.create(1)
  }

  async patch(game: AskedGame): Promise<void> {
    const version = game.version === VERSIONS[0] ? VERSIONS[1] : VERSIONS[0]
    await this.#write('UPDATE desired_games SET engine_version = $2 WHERE game_id = $1', game.gameId, version)
    this.#games.set(game.gameId, { ...game, version })
  }

  async resize(game: AskedGame): Promise<void> {
    const cpus = game.cpus === 1 ? 2 : 1
    await this.#write('UPDATE desired_games SET cpus = $2 WHERE game_id = $1', game.gameId, cpus)
    this.#games.set(game.gameId, { ...game, cpus })
  }

  async restart({ gameId }: AskedGame): Promise<void> {
    await this.#write('UPDATE desired_games SET restart_token = gen_random_uuid() WHERE game_id = $1', gameId)
  }

  async stop(game: AskedGame): Promise<void> {
    await this.#write("UPDATE desired_games SET state = 'stopped', stop_reason = 'admin_request' WHERE game_id = $1", game.gameId)
    this.#games.set(game.gameId, { ...game, isRunning: false })
  }

  async start(game: AskedGame): Promise<void> {
    await this.#write("UPDATE desired_games SET state = 'running' WHERE game_id = $1", game.gameId)
    this.#games.set(game.gameId, { ...game, isRunning: true })
  }

  async #write(statement: string, ...values: readonly unknown[]): Promise<void> {
    await this.#database.pool.query(statement, [...values])
  }

  #nextId(): string {
    this.#made += 1
    return `game-${this.#made}`
  }
}
