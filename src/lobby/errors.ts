import { classifyDatabaseError } from '../database/errors.ts'

/**
 * `conflict`: another owner, another image, or a deletion under way. `not_found`: no such game. `invalid_request`: the schema
 * refused a value. `forbidden`: user, password, database or grants. `service_unavailable`: the connection or the server; the
 * write may have been committed, and every one of this client can be repeated. `internal_error`: anything else.
 */
export type LobbyErrorCode = 'conflict' | 'not_found' | 'invalid_request' | 'forbidden' | 'service_unavailable' | 'internal_error'

/** Every failure of a `LobbyClient` but bad arguments, which are a TypeError. `cause` is the driver's error, where it was one. */
export class LobbyError extends Error {
  override readonly name: string = 'LobbyError'
  readonly code: LobbyErrorCode
  /** Null: not about one game. */
  readonly gameId: string | null

  constructor(code: LobbyErrorCode, gameId: string | null, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
    this.gameId = gameId
  }
}

/** The game is another source's to change, or runs something else already. Nothing was written. */
export class LobbyConflict extends LobbyError {
  override readonly name = 'LobbyConflict'
  /** `lobby`, `api`, `manifest:<root>` or `reconciler`. */
  readonly owner: string
  readonly reason: 'owned' | 'runs_another_image'

  constructor(reason: LobbyConflict['reason'], gameId: string, owner: string, message: string, options?: ErrorOptions) {
    super('conflict', gameId, message, options)
    this.owner = owner
    this.reason = reason
  }
}

/** The game has its tombstone: wait until `getRuntime` answers null, then start it again. */
export class GameBeingDeleted extends LobbyError {
  override readonly name = 'GameBeingDeleted'

  constructor(gameId: string, options?: ErrorOptions) {
    super('conflict', gameId, `game ${gameId} is being deleted`, options)
  }
}

export class GameNotFound extends LobbyError {
  override readonly name = 'GameNotFound'

  constructor(gameId: string) {
    super('not_found', gameId, `game ${gameId} is unknown: nobody has asked for it`)
  }
}

/** @param gameId the one that the failed statement was about */
export function toLobbyError(error: unknown, gameId: string | null): LobbyError {
  if (error instanceof LobbyError) return error
  const failure = classifyDatabaseError(error)
  switch (failure.kind) {
    case 'conflict':
      return conflictFrom(failure, gameId, error)
    case 'invalid':
      return new LobbyError('invalid_request', gameId, withConstraint(failure), { cause: error })
    case 'not_permitted':
      return new LobbyError('forbidden', gameId, failure.message, { cause: error })
    case 'transient':
      return new LobbyError('service_unavailable', gameId, failure.message, { cause: error })
    case 'stale_lease':
    case 'unknown':
      return new LobbyError('internal_error', gameId, failure.message, { cause: error })
  }
}

/** The triggers of migrations/0001_desired.sql say which conflict it is in their message alone. */
function conflictFrom(
  { message, hint }: { readonly message: string; readonly hint: string | null },
  gameId: string | null,
  cause: unknown,
): LobbyError {
  if (gameId !== null && message === `game ${gameId} is being deleted`) return new GameBeingDeleted(gameId, { cause })
  const text = message.replace(/^conflict: /, '')
  const owner = /is managed by (.+), not by /.exec(text)?.[1]
  if (gameId !== null && owner !== undefined) return new LobbyConflict('owned', gameId, owner, text, { cause })
  return new LobbyError('conflict', gameId, hint === null ? text : `${text}; ${hint}`, { cause })
}

function withConstraint({ message, constraint }: { readonly message: string; readonly constraint: string | null }): string {
  return constraint === null || message.includes(constraint) ? message : `${message} (${constraint})`
}
