import { type GameDocument, toCandidate } from '../desired/manifest/document.ts'
import { newGame } from '../desired/new-game.ts'
import type { DesiredGame } from '../model/game.ts'

/** The row as it would be if the document were applied now; what the document leaves open stays as it is. */
export function hypotheticalGame(document: GameDocument, existing: DesiredGame | undefined, now: Date): DesiredGame {
  const { spec, labels } = document
  const before = existing ?? newGame(document.name, 'api')
  return {
    ...before,
    ...toCandidate(document.name, spec),
    ...(spec.state === undefined && { state: before.state, stopReason: before.stopReason }),
    paused: spec.paused ?? before.paused,
    restartToken: spec.restartToken ?? before.restartToken,
    turnToken: spec.turnToken ?? before.turnToken,
    labels,
    generation: before.generation + 1,
    writtenBy: 'api',
    writtenRef: null,
    updatedAt: now,
  }
}
