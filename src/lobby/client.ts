import type { StopReason } from '../model/game.ts'
import { checkDeleteOptions, checkGameId, checkPatch, checkStartOptions, checkStopReason, checkTarget } from './check.ts'
import { checkPlayers } from './check-players.ts'
import { checkWatch, type WatchOptions } from './check-watch.ts'
import { deleteRow, publishPatch, publishStop, writePlayers } from './change.ts'
import { type LobbyConnection, type LobbyDatabase, openLobbyDatabase } from './connection.ts'
import type { LobbyError } from './errors.ts'
import { readRuntime, type Runtime } from './runtime.ts'
import type { Snapshot } from './snapshots.ts'
import { publishStart } from './start.ts'
import { followSnapshots } from './watch.ts'
import type { Deleted, DeleteOptions, EngineTarget, PatchTarget, Player, Published, StartOptions } from './wishes.ts'

export { GameBeingDeleted, GameNotFound, LobbyConflict, LobbyError, type LobbyErrorCode } from './errors.ts'
export { STOP_REASONS } from '../model/game.ts'
export type { Condition } from '../model/condition.ts'
export type { WatchOptions } from './check-watch.ts'
export type { LobbyConnection } from './connection.ts'
export type { Runtime, RuntimeDesired, RuntimeRecordView, RuntimeTurn } from './runtime.ts'
export type { PlayerStats, Snapshot } from './snapshots.ts'
export type * from './wishes.ts'

export type LobbyClientOptions = LobbyConnection & {
  /** A lost connection or a failed read that is tried again anyway; for the log. */
  readonly onError?: ((error: LobbyError) => void) | undefined
}

/**
 * The lobby's door to Galaxy Runtime (spec 5, "Lobby client"): writes desired state, reads what became of it. A
 * `publish…` resolves once the row is committed: the wish is durably accepted, not carried out. Each can be repeated when its answer
 * was lost.
 *
 * Every method throws a TypeError for bad arguments before any I/O (as a rejection, but for `watchSnapshots`), and a
 * `LobbyError` for everything else.
 */
export class LobbyClient {
  readonly #database: LobbyDatabase
  readonly #onError: (error: LobbyError) => void
  readonly #closing = new AbortController()

  /** Opens no connection: the first call does. */
  constructor(options: LobbyClientOptions) {
    if ((options.connectionString === undefined) === (options.pool === undefined))
      throw new TypeError('options.connectionString or options.pool is needed, and not both')
    this.#onError = options.onError ?? (() => undefined)
    this.#database = openLobbyDatabase(options, this.#onError)
  }

  /**
   * Creates the game, or sets it running again. A running game with the same image stays as it is, but for options that
   * differ. Takes over a game that the reconciler adopted.
   *
   * @throws LobbyConflict when another image is to run already, or the change is another owner's to make; GameBeingDeleted
   */
  async publishStartJob(gameId: string, target: EngineTarget, options: StartOptions = {}): Promise<Published> {
    checkGameId(gameId)
    checkTarget(target)
    checkStartOptions(options)
    return publishStart(this.#database, gameId, target, options)
  }

  /** Works on every owner's game. @throws GameNotFound, GameBeingDeleted */
  async publishStopJob(gameId: string, reason: StopReason): Promise<Published> {
    checkGameId(gameId)
    checkStopReason(reason)
    return publishStop(this.#database, gameId, reason)
  }

  /**
   * Moves a game, running or stopped, to another version; its state is kept. A version that leaves the state's major.minor
   * without `allowIncompatible` is committed all the same, and shows as condition `Accepted=False`.
   *
   * @throws LobbyConflict when the game is another owner's; GameNotFound, GameBeingDeleted
   */
  async publishPatchJob(gameId: string, target: PatchTarget): Promise<Published> {
    checkGameId(gameId)
    checkPatch(target)
    return publishPatch(this.#database, gameId, target)
  }

  /** Replaces all players. @throws LobbyConflict when the game is another owner's; GameNotFound, GameBeingDeleted */
  async setPlayers(gameId: string, players: readonly Player[]): Promise<Published> {
    checkGameId(gameId)
    checkPlayers(players, 'players')
    return writePlayers(this.#database, gameId, players)
  }

  /**
   * Stops and removes the game, whoever owns it. Its state directory stays unless `purgeState` asks otherwise.
   *
   * @throws GameBeingDeleted when `purgeState` comes too late
   */
  async deleteGame(gameId: string, options: DeleteOptions = {}): Promise<Deleted> {
    checkGameId(gameId)
    checkDeleteOptions(options)
    return deleteRow(this.#database, gameId, options.purgeState ?? false)
  }

  /** Null when nothing is known of the game. */
  async getRuntime(gameId: string): Promise<Runtime | null> {
    checkGameId(gameId)
    return readRuntime(this.#database, gameId)
  }

  /**
   * Snapshots of games, oldest first, without end: first what is stored behind `after`, then what comes. None is left out;
   * after a restart from the last `cursor` that was worked off, none of those before it comes again. Keeps one connection of
   * its own while it is iterated.
   *
   * @throws TypeError at once; LobbyError while iterating, when trying again will not help
   */
  watchSnapshots(options: WatchOptions = {}): AsyncIterableIterator<Snapshot> {
    const request = checkWatch(options)
    const closing = this.#closing.signal
    const signal = options.signal === undefined ? closing : AbortSignal.any([closing, options.signal])
    return followSnapshots({ database: this.#database, signal, onError: this.#onError }, request)
  }

  /** Ends all watches, and waits for the calls in flight. A pool that was passed in stays open. */
  async close(): Promise<void> {
    this.#closing.abort()
    await this.#database.close()
  }
}
