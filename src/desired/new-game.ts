import type { DesiredGame } from '../model/game.ts'
import { DEFAULT_ENGINE } from './manifest/document.ts'

/** A row that is not there yet, as the schema's defaults will make it. */
export function newGame(gameId: string, owner: string): DesiredGame {
  const now = new Date()
  return {
    gameId,
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
