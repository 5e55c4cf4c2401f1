import { setTimeout as delay } from 'node:timers/promises'
import type { Faults } from '../../engine/faults.ts'
import { hang } from '../../engine/faults.ts'
import { Game } from '../../engine/game.ts'
import { editionOf, type EngineVersion } from '../../engine/rules/edition.ts'
import { type StateFiles, stateFiles } from '../../engine/store/state-file.ts'
import type { Container } from '../world/container.ts'

export interface OpenGame {
  readonly container: Container
  readonly env: Readonly<Record<string, string>>
  readonly faults: Faults
  readonly version: EngineVersion
  readonly onExit: (exitCode: number) => void
  readonly stop: AbortSignal
}

const CRASH_EXIT_CODE = 70
const DEFAULT_TURN_LIMIT = 200

/** The game on the container's state folder; null where it has none that this machine knows. */
export async function openGame({ container, env, faults, version, onExit, stop }: OpenGame): Promise<Game | null> {
  const inside = env['GAME_STATE_PATH'] ?? env['STORAGE_PATH'] ?? ''
  const folder = container.mounts.find(({ destination }) => destination === inside)?.source
  if (folder === undefined) return null
  if (faults.slowStartMs > 0) await delay(faults.slowStartMs, undefined, { signal: stop })
  const edition = editionOf(version)
  const crash = () => {
    onExit(CRASH_EXIT_CODE)
    return hang(stop)
  }
  // A stopped engine writes no more, whatever it was about to: its successor may be at work on the folder.
  const files = stateFiles(edition, folder, () => (stop.aborted ? Promise.reject(new Error('the engine was stopped')) : Promise.resolve()))
  return await Game.load({
    edition,
    files: faults.crashAfterTurn === null ? files : crashingAfter(files, faults.crashAfterTurn, crash),
    turnLimit: Number(env['GALAXY_ENGINE_TURN_LIMIT'] ?? DEFAULT_TURN_LIMIT),
    seed: env['GALAXY_ENGINE_SEED'] ?? null,
    beforeCommit: async (turn) => {
      if (faults.slowTurnMs > 0) await delay(faults.slowTurnMs, undefined, { signal: stop })
      if (faults.crashAtTurn === turn) await crash()
      if (faults.hangAtTurn === turn) await hang(stop)
    },
  })
}

function crashingAfter(files: StateFiles, turn: number, crash: () => Promise<never>): StateFiles {
  return {
    ...files,
    save: async (state) => {
      await files.save(state)
      if (state.turn === turn) await crash()
    },
  }
}
