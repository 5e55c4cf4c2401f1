import { EngineError } from './engine-error.ts'
import { logEvent } from './log.ts'
import type { Edition } from './rules/edition.ts'
import { newGame } from './rules/new-game.ts'
import { applyCommands, queueOrders, RuleError } from './rules/orders.ts'
import { type PlayerReport, playerReport, turnReport } from './rules/report.ts'
import { type Command, type GameState, type Order, type StateAnswer, stateAnswer } from './rules/state.ts'
import { resolveTurn } from './rules/turn.ts'
import type { StateFiles } from './store/state-file.ts'

export interface GameOptions {
  readonly edition: Edition
  readonly files: StateFiles
  readonly turnLimit: number
  readonly seed: string | null
  /** Runs between computing a turn and committing it; a rejection calls the turn off. */
  readonly beforeCommit: (turn: number) => Promise<void>
}

/**
 * The one game of this process. Changes run one after the other; each is on disk before it is answered or visible to others.
 * States: not initialised → playing (turn 0, 1, …) → finished.
 */
export class Game {
  readonly #options: GameOptions
  #state: GameState | null
  #queue: Promise<unknown> = Promise.resolve()

  private constructor(options: GameOptions, state: GameState | null) {
    this.#options = options
    this.#state = state
  }

  /** Throws StateFileError where the state on disk can't be used. */
  static async load(options: GameOptions): Promise<Game> {
    return new Game(options, await options.files.load())
  }

  status(): StateAnswer {
    return stateAnswer(this.#initialised())
  }

  /** Repeated on an initialised game, with whatever races, it changes nothing. */
  init(raceNames: readonly string[]): Promise<StateAnswer> {
    return this.#alone(async () => {
      if (this.#state === null) {
        const state = newGame(this.#options.seed ?? crypto.randomUUID(), raceNames, this.#options.turnLimit)
        await this.#options.files.saveReport(turnReport(state, []))
        await this.#commit(state)
        logEvent('game initialised', { races: raceNames.length })
      }
      return this.status()
    })
  }

  /** Computes turn n + 1, or answers with the present state where `turn` is computed already (spec 4, engine contract). */
  async turn(turn: number, key: string | null): Promise<StateAnswer> {
    // Judged on arrival, so that a request that waits behind turn n + 1 can't run ahead as n + 2.
    refuseAhead(this.#initialised(), turn)
    return this.#alone(async () => {
      const state = this.#initialised()
      if (turn > state.turn) await this.#compute(state, key)
      return this.status()
    })
  }

  queueOrders(actor: string, orders: readonly Order[]): Promise<{ turn: number; accepted: number }> {
    return this.#change(actor, (state) => queueOrders(state, actor, orders)).then(({ turn }) => {
      return { turn: turn + 1, accepted: orders.length }
    })
  }

  command(actor: string, commands: readonly Command[]): Promise<{ turn: number; applied: number }> {
    const { edition } = this.#options
    return this.#change(actor, (state) => applyCommands(edition, state, actor, commands)).then(({ turn }) => {
      return { turn, applied: commands.length }
    })
  }

  async report(actor: string, turn: number): Promise<PlayerReport> {
    const state = this.#initialised()
    requirePlayer(state, actor)
    const report = turn > state.turn ? null : playerReport(await this.#options.files.loadReport(turn), actor)
    if (report === null) throw new EngineError(404, 'not_found', `there is no report of turn ${turn} yet`)
    return report
  }

  /** Resolves when all changes that were asked for are done. */
  async drained(): Promise<void> {
    await this.#queue
  }

  async #compute(before: GameState, key: string | null): Promise<void> {
    if (before.finished) throw new EngineError(409, 'game_finished', `the game ended with turn ${before.turn}`)
    if (key !== null && key === before.turnKey) {
      throw new EngineError(409, 'key_reused', `this idempotency key belongs to turn ${before.turn}`)
    }
    const { state, report } = resolveTurn(this.#options.edition, before, key)
    await this.#options.beforeCommit(state.turn)
    await this.#options.files.saveReport(report)
    await this.#commit(state)
    logEvent('turn computed', { turn: state.turn, finished: state.finished })
  }

  #change(actor: string, change: (state: GameState) => GameState): Promise<GameState> {
    return this.#alone(async () => {
      const state = this.#initialised()
      requirePlayer(state, actor)
      if (state.finished) throw new EngineError(409, 'game_finished', `the game ended with turn ${state.turn}`)
      const changed = permitted(() => change(state))
      await this.#commit(changed)
      return changed
    })
  }

  async #commit(state: GameState): Promise<void> {
    try {
      await this.#options.files.save(state)
      this.#state = state
    } catch (error) {
      // A failed save may still have replaced the file, so that only the disk knows which state is in force.
      this.#state = await this.#options.files.load()
      throw error
    }
  }

  #alone<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#queue.then(work)
    this.#queue = done.catch(() => undefined)
    return done
  }

  #initialised(): GameState {
    if (this.#state === null) throw new EngineError(409, 'not_initialised', 'the game is not initialised')
    return this.#state
  }
}

function refuseAhead(state: GameState, turn: number): void {
  if (turn > state.turn + 1) {
    throw new EngineError(409, 'turn_ahead', `turn ${turn} can't follow turn ${state.turn}`)
  }
}

function requirePlayer(state: GameState, actor: string): void {
  if (!state.players.some((player) => player.id === actor)) {
    throw new EngineError(403, 'unknown_actor', `no player of this game has the id ${actor}`)
  }
}

function permitted<T>(work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (error instanceof RuleError) throw new EngineError(422, 'against_the_rules', error.message)
    throw error
  }
}
