import type { Clock } from '../../src/clock.ts'
import type { VirtualClock } from '../../simulator/clock.ts'
import type { Crash, NumberedEffect, OutsideEffect } from './effects.ts'
import { atRest, type Gate } from './gate.ts'

/** What a life of the controller does to the outside, and how it may end. */
export interface LifeOptions {
  readonly gate: Gate
  readonly clock: VirtualClock
  /** Numbers an effect that is about to be. */
  readonly number: (effect: OutsideEffect) => NumberedEffect
  /** The crash that is due at this effect. */
  readonly crashOf: (effect: NumberedEffect) => Crash | null
  readonly onDeath: () => void
}

/** Describes a call to the outside. */
export interface Outgoing {
  readonly by: NumberedEffect['by']
  readonly kind: string
  readonly game: string | null
  readonly isWrite: boolean
  readonly signal?: AbortSignal
  /** Whether another transaction bars it now. */
  readonly isBarred?: () => boolean
}

/**
 * One life of the controller: from its start to `kill`. What belongs to it goes out through `call`, and by its clock; after its death nothing does, and what
 * waits is refused, so that it winds down.
 */
export class Life {
  readonly #options: LifeOptions
  readonly #end = new AbortController()
  readonly #undo = new Set<() => void>()
  #isDead = false
  readonly clock: Clock

  constructor(options: LifeOptions) {
    this.#options = options
    this.clock = { nowMs: () => Math.floor(options.clock.nowMs()), after: (delayMs, fn) => this.#after(delayMs, fn) }
  }

  get isDead(): boolean {
    return this.#isDead
  }

  /** Aborts when the life has ended, so that what is left of it winds down. */
  get signal(): AbortSignal {
    return this.#end.signal
  }

  kill(): void {
    if (this.#isDead) return
    this.#isDead = true
    for (const undo of this.#undo) undo()
    this.#undo.clear()
    this.#options.onDeath()
    this.#end.abort(new Error('killed'))
  }

  /**
   * Makes a call when the gate lets it through, and gives its answer when the gate lets that through.
   *
   * @param perform takes effect at once; its promise may take virtual time
   */
  call<T>({ by, kind, game, isWrite, signal, isBarred }: Outgoing, perform: () => Promise<T>): Promise<T> {
    if (this.#isDead) return Promise.reject(new Error('killed'))
    return new Promise<T>((settle, reject) => {
      const giveUp = (): void => reject(new Error('killed'))
      this.#undo.add(giveUp)
      const resolve = (value: T): void => {
        this.#undo.delete(giveUp)
        settle(value)
      }
      const refuse = (error: unknown): void => {
        this.#undo.delete(giveUp)
        reject(error)
      }
      const label = `${by} ${kind} ${game ?? ''}`
      const begin = (): void | Promise<void> => {
        if (signal?.aborted === true) return refuse(signal.reason)
        const effect = isWrite ? this.#options.number({ by, kind, game }) : null
        const crash = effect === null ? null : this.#options.crashOf(effect)
        if (crash?.moment === 'before') return this.kill()
        const done = perform()
        const settled = done.then(
          (value) => this.#ended(label, crash, () => resolve(value)),
          (error: unknown) => this.#ended(label, crash, () => refuse(error)),
        )
        // A statement is over when the database has answered; what takes virtual time must not be waited for here.
        return by === 'database' ? settled : undefined
      }
      this.#wait(label, begin, isBarred)
    })
  }

  /** Tells this life something, when the gate lets it through. */
  tell(label: string, deliver: () => void): void {
    if (!this.#isDead) this.#wait(label, deliver)
  }

  #ended(label: string, crash: Crash | null, give: () => void): void {
    if (this.#isDead) return
    if (crash?.moment === 'after') return this.kill()
    const answer = async (): Promise<void> => {
      give()
      if (crash?.moment !== 'answered') return
      await atRest()
      this.kill()
    }
    this.#wait(`answer to ${label}`, answer)
  }

  #wait(label: string, run: () => void | Promise<void>, isBarred?: () => boolean): void {
    const undo = this.#options.gate.add(
      label,
      () => {
        this.#undo.delete(undo)
        return run()
      },
      isBarred,
    )
    this.#undo.add(undo)
  }

  #after(delayMs: number, fn: () => void): () => void {
    if (this.#isDead) return () => {}
    const undo = this.#options.clock.after(delayMs, () => {
      this.#undo.delete(undo)
      fn()
    })
    this.#undo.add(undo)
    return () => {
      this.#undo.delete(undo)
      undo()
    }
  }
}
