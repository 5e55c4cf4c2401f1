import type { StopReason } from '../model/game.ts'
import type { GameFields } from './apply-plan.ts'
import type { ImagePolicy } from './resolve-image.ts'
import type { Refusal } from './writer.ts'

/** One thing asked for now, as against a state that is described (spec 3, "Verbs"). */
export type Verb =
  /** What is null is as the game's row says; a new game needs a version or an image. */
  | { readonly op: 'start'; readonly engine: string | null; readonly version: string | null; readonly imageRef: string | null }
  | { readonly op: 'stop'; readonly reason: StopReason }
  | { readonly op: 'restart' }
  | { readonly op: 'patch'; readonly version: string; readonly allowIncompatible: boolean }
  | { readonly op: 'pause' }
  | { readonly op: 'resume' }
  | { readonly op: 'force_next_turn' }
  /** Of a game that has stopped or finished, before its time. */
  | { readonly op: 'cleanup' }

export interface VerbRequest {
  readonly gameId: string
  readonly verb: Verb
  /** Which door it came in by: the operation's source, and who writes the row. */
  readonly door: 'lobby' | 'admin'
  /** Who asks, for row and operation: a request id. */
  readonly askedBy: string
  readonly policy: ImagePolicy
  /** The row's resource version that the caller has seen; null: whatever it is. */
  readonly ifMatch: string | null
  /** Takes over a game of another owner, where the verb changes what has one. */
  readonly force: boolean
  /** Decides everything and writes nothing. */
  readonly dryRun: boolean
}

/** What a verb writes; of a game that is as asked for already, the same values once more. */
export interface VerbWrite {
  readonly kind: 'write'
  readonly fields: Partial<GameFields>
  /** The new owner, null to keep the present one. */
  readonly owner: string | null
  /** What is to run then, where the verb is about that. */
  readonly imageRef: string | null
  /** In an operator's words. */
  readonly cause: string
}

export type VerbDecision = VerbWrite | Refusal

export function written(fields: VerbWrite['fields'], cause: string): VerbWrite {
  return { kind: 'write', fields, owner: null, imageRef: null, cause }
}

export function refused(code: Refusal['code'], message: string): Refusal {
  return { kind: 'refused', code, message }
}

/** As whom the row is written. */
export function writerOf({ door }: Pick<VerbRequest, 'door'>): string {
  return door === 'lobby' ? 'lobby' : 'api'
}
