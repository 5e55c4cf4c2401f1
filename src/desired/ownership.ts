import type { DesiredGame } from '../model/game.ts'
import type { Refusal } from './writer.ts'

export type Claim = Refusal | { readonly kind: 'granted' /** The owner to write, null to leave it. */; readonly owner: string | null }

/**
 * Whether a source may change a game (spec 2, "Ownership"): one owner per game, fields without an owner are everybody's,
 * and what the reconciler adopted is anybody's for the taking.
 */
export function claimGame(game: DesiredGame, changesOwned: boolean, by: { readonly source: string; readonly force: boolean }): Claim {
  if (game.deletedAt !== null) {
    const message = `game ${game.gameId} is being deleted; wait until its row is gone, then apply again`
    return { kind: 'refused', code: 'conflict', message }
  }
  if (game.managedBy === by.source) return { kind: 'granted', owner: null }
  if (game.managedBy === 'reconciler' || by.force) return { kind: 'granted', owner: by.source }
  if (!changesOwned) return { kind: 'granted', owner: null }
  const message = `game ${game.gameId} is managed by ${game.managedBy}, not by ${by.source}; change it there, or take it over with --force-conflicts`
  return { kind: 'refused', code: 'conflict', message }
}
