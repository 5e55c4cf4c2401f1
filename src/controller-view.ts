import type { ControllerView } from './api/ports.ts'
import type { DriveState } from './drive.ts'
import { previewGame } from './controller/reconcile.ts'
import type { DesiredGame } from './model/game.ts'
import { renderPlan } from './model/plan.ts'

/** What the doors are told of the running controller; a standby process knows its readiness and no more. */
export function controllerView(state: DriveState): ControllerView {
  return {
    isLeader: () => state.active !== null,
    readiness: () => [
      { name: 'docker', ok: state.dockerProblem === null, detail: state.dockerProblem ?? 'connected' },
      { name: 'observed', ok: state.active === null || state.active.world.isKnown, detail: state.active === null ? 'standby' : `${state.active.world.containerCount} containers` },
    ],
    planFor: async (gameId, hypothetical) => {
      if (state.active === null) throw new Error('this process is on standby: only the active controller plans')
      const { deps } = state.active
      const desired = { ...deps.desired, get: (id: string): DesiredGame | undefined => (id === gameId && hypothetical !== undefined ? hypothetical : deps.desired.get(id)) }
      const plan = await previewGame(gameId, { ...deps, desired })
      return { text: renderPlan(plan), actions: plan.kind === 'act' ? plan.actions.length : 0 }
    },
    confirmPrune: async () => [],
  }
}
