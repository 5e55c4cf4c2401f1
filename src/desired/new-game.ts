import type { DesiredGame } from '../model/game.ts'
import type { GameFields } from './apply-plan.ts'
import { DEFAULT_ENGINE } from './manifest/document.ts'

/** What a producer leaves out, as the schema's defaults fill it in. */
export const UNSET: GameFields = {
  engine: DEFAULT_ENGINE,
  engineVersion: null,
  imageRef: null,
  state: 'running',
  stopReason: null,
  paused: false,
  turnSchedule: null,
  timeZone: 'UTC',
  players: [],
  cpus: null,
  memory: null,
  pids: null,
  restartToken: null,
  turnToken: null,
  allowIncompatibleTo: null,
  labels: {},
}

/** A row that is not there yet. */
export function newGame(gameId: string, owner: string): DesiredGame {
  const now = new Date()
  return {
    ...UNSET,
    gameId,
    managedBy: owner,
    generation: 0,
    resourceVersion: '0',
    deletedAt: null,
    purgeState: false,
    writtenBy: owner,
    writtenRef: null,
    createdAt: now,
    updatedAt: now,
  }
}
